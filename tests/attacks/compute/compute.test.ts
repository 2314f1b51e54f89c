import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { DEFAULT_SETTLEMENT } from "#shared/settlement/rules.js";
import { binomialAtLeast } from "#shared/sprint/proof/binomial.js";
import { MILLION } from "#shared/util/fraction.js";
import { attacks } from "../library/index.js";
import type { Play } from "./compute-attack.js";
import { computeTable } from "./compute-table.js";
import { computeAttacks } from "./library/index.js";
import { ACCOMPLICES, EACH, HONEST, playReportsItself, SAVED, TASKS } from "./library/reports-itself.js";
import { faultsOf, playAttacks, resultOf } from "./play-attacks.js";

const playOf = (change: Partial<Play> = {}): Play => ({
  payoff: 0,
  alpha: { of: "an honest proof is rejected", events: 0, trials: 1000, computed: 1e-6 },
  beta: { of: "a cheat passes", events: 10, trials: 1000, computed: 0.01 },
  stoppedBy: ["sample"],
  ...change,
});

describe("the arena of attacks on compute", () => {
  it("has names that no attack on the model has", () => {
    const names = [...attacks, ...computeAttacks].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it("calls harm what pays more than honest work, or has another rate than computed", () => {
    assert.deepEqual(faultsOf(resultOf("a", [playOf()])), []);
    assert.match(faultsOf(resultOf("a", [playOf({ payoff: 1.1 }), playOf({ payoff: 1.101 })]))[0]!, /^pays 1\.1/);
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ payoff: 0.9 }), playOf({ payoff: 1.3 })])), []);
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ payoff: 1.1, luck: 0.2 })])), []);
    assert.equal(faultsOf(resultOf("a", [playOf({ payoff: 1.1, luck: 0.05 })])).length, 1);
    const beta = { of: "a cheat passes", events: 100, trials: 1000, computed: 0.01 };
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ beta })])), ["β is not as computed: a cheat passes"]);
    const alpha = { of: "an honest proof is rejected", events: 9, trials: 1000, computed: 1e-6 };
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ alpha })])), [
      "α is not as computed: an honest proof is rejected",
    ]);
  });

  it("adds up the trials of all seeds, and prints both rates", () => {
    const result = resultOf("a", [playOf(), playOf()]);
    assert.deepEqual([result.beta.events, result.beta.trials], [20, 2000]);
    assert.match(computeTable([result]), /20\/2000 +0\.00\d+ to 0\.0\d+ +0\.0100 +a cheat passes/);
  });

  it("finds that a bounty pays who cheats on one of two tasks and has accomplices wait, and that none does not", () => {
    const beacon = (text: string) => sha256(Buffer.from(text));
    const exactly = (bounty: number): number => {
      const chance = (of: readonly string[], k: number) =>
        binomialAtLeast(k, of.length, EACH) - binomialAtLeast(k + 1, of.length, EACH);
      let sum = TASKS * chance(HONEST, 0);
      for (const honest of HONEST.keys())
        for (const own of ACCOMPLICES.keys())
          sum += (chance(HONEST, honest + 1) * chance(ACCOMPLICES, own) * bounty * TASKS * own) / (honest + 1 + own);
      return sum / (TASKS - SAVED);
    };
    const tenth = DEFAULT_SETTLEMENT.bounty / MILLION;
    assert.ok(exactly(0) < 1 && exactly(0) > 0.99);
    assert.ok(exactly(tenth) > 1);
    for (const bounty of [0, tenth]) {
      const { payoff } = playReportsItself(beacon, { ...DEFAULT_SETTLEMENT, bounty: MILLION * bounty });
      assert.ok(Math.abs(payoff - exactly(bounty)) < 4 * 0.0145, `${payoff}, not ${exactly(bounty)}`);
    }
  });

  it("plays an attack to the same figures again", async () => {
    const chosen = computeAttacks.filter(({ name }) => ["prefix-tricks", "split-identities"].includes(name));
    const results = await playAttacks(chosen, ["one"]);
    assert.deepEqual(await playAttacks(chosen, ["one"]), results);
    for (const result of results) assert.deepEqual(faultsOf(result), [], result.attack);
    assert.equal(results.find(({ attack }) => attack === "prefix-tricks")!.payoff.mean, 0);
    assert.equal(results.find(({ attack }) => attack === "split-identities")!.payoff.mean, 1);
  });
});
