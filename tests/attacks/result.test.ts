import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_WORK } from "./arena/honest-work.js";
import type { Observation } from "./arena/observation.js";
import { harmsOf, knownHarmsOf, resultOf } from "./arena/result.js";

const FULL = { cycles: 1, agreed: 1, scored: 1, paid: 1, improved: 1 };

const observed = (changes: Partial<Observation>): Observation => ({
  attack: "any",
  seed: "a",
  payoffs: [0.1],
  honestPayoffs: [0.1],
  ownPayoffs: [0.1],
  modelLossWithAttack: 3,
  modelLossWithout: 3,
  hasMajority: false,
  known: {},
  work: NO_WORK,
  progress: FULL,
  progressWithout: FULL,
  stoppedBy: [],
  validators: [],
  idle: [],
  ...changes,
});

describe("what an attack comes to", () => {
  it("is measured against its own machines' honest work with the same seed, so that their luck is in neither", () => {
    const lucky = [0.3, 0.1, 0.05].map((own) => observed({ payoffs: [own + 0.01], ownPayoffs: [own] }));
    const result = resultOf(lucky);
    assert.ok(Math.abs(result.gain.mean - 0.01) < 1e-12 && result.gain.halfWidth < 1e-12, JSON.stringify(result.gain));
    assert.ok(result.payoff.halfWidth > 0.1);
    assert.deepEqual(harmsOf(result), ["pays more than honest work"]);
    assert.deepEqual(harmsOf(resultOf(lucky.map((one) => ({ ...one, payoffs: one.ownPayoffs })))), []);
  });

  it("is no harm where it lies within the interval", () => {
    const seeds = [0.2, -0.1].map((more) => observed({ payoffs: [0.1 + more] }));
    assert.deepEqual(harmsOf(resultOf(seeds)), []);
  });

  it("is a harm where the model is worse, but for who has most of the stake", () => {
    const worse = observed({ modelLossWithAttack: 3.1 });
    assert.deepEqual(harmsOf(resultOf([worse])), ["makes the model worse"]);
    assert.deepEqual(harmsOf(resultOf([{ ...worse, hasMajority: true }])), []);
  });

  it("is a harm where no model is agreed on, but for who has most of the stake", () => {
    const stopped = observed({ progress: { ...FULL, agreed: 0 } });
    assert.deepEqual(harmsOf(resultOf([observed({}), stopped])), ["keeps a model from being agreed on"]);
    assert.deepEqual(harmsOf(resultOf([{ ...stopped, hasMajority: true }])), []);
  });

  it("is a harm where honest miners are rejected or left out, whoever has the stake", () => {
    const left = observed({ work: { ...NO_WORK, submissions: 5, abstained: 1 }, progress: { ...FULL, scored: 0 } });
    assert.deepEqual(harmsOf(resultOf([left])), ["has honest miners left out of a cycle"]);
    const rejected = observed({ work: { ...NO_WORK, submissions: 5, rejected: 1 }, hasMajority: true });
    assert.deepEqual(harmsOf(resultOf([rejected])), ["has honest miners rejected"]);
  });

  it("is a harm where honest miners are not paid who would be if the attacker stayed away", () => {
    const unpaid = observed({ progress: { ...FULL, paid: 0 } });
    assert.deepEqual(harmsOf(resultOf([unpaid])), ["keeps honest miners from being paid"]);
    assert.deepEqual(harmsOf(resultOf([{ ...unpaid, progressWithout: { ...FULL, paid: 0 } }])), []);
  });

  it("is a harm where a validator that does nothing is paid for its stake as those that work are", () => {
    const parts = (dividends: Readonly<Record<string, number>>) =>
      Object.entries(dividends).map(([name, of]) => ({
        ...{ name, stake: 0.25, dividends: of, agreement: null, deviation: null },
        ...{ reported: 1, counted: 1, exchanged: 1 },
      }));
    const idling = (dividends: Readonly<Record<string, number>>) =>
      harmsOf(resultOf([observed({ validators: parts(dividends), idle: ["sid"] })]));
    const found = ["pays a validator that does nothing as much as one that works"];
    assert.deepEqual(idling({ vera: 0.3, vito: 0.26, mallory: 0.2, sid: 0.24 }), found);
    assert.deepEqual(idling({ vera: 0.4, vito: 0.4, mallory: 0.1, sid: 0.1 }), []);
    assert.deepEqual(idling({ vera: 0, vito: 0, sid: 0 }), [], "in a first cycle nobody has dividends");
  });

  it("is told, and is no failure, where the attack says that it is known", () => {
    const both = observed({ payoffs: [0.3], progress: { ...FULL, paid: 0 }, known: { pay: "small groups" } });
    assert.deepEqual(harmsOf(resultOf([both, both])), ["keeps honest miners from being paid"]);
    assert.deepEqual(knownHarmsOf(resultOf([both, both])), ["pays more than honest work: small groups"]);
    assert.deepEqual(knownHarmsOf(resultOf([observed({ known: { pay: "small groups" } })])), []);
  });
});
