import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { derivationOf, type Figures, isConsistent } from "#inspect/explain/derivation.js";
import { describeScored } from "#inspect/explain/scored-text.js";
import { normal } from "#shared/data/normal.js";
import { xoshiro } from "#shared/data/xoshiro.js";
import type { Network } from "#shared/protocol/network.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { template } from "#tests/support/micro-network.js";

type Scoring = Network["scoring"];
const scoringWith = (change: Partial<Scoring>): Scoring => ({ ...template.scoring, eval_batches: 48, ...change });
const RACED = [
  scoringWith({}),
  scoringWith({ confidence: 0.995, exponent: 2 }),
  scoringWith({ racing: { rounds: 1, tolerance: 0.1 } }),
];

/** What validators would report of races among random fields. */
const raced = async (scoring: Scoring): Promise<readonly Figures[]> => {
  const random = xoshiro([11, 12, 13, 14]);
  const found: Figures[] = [];
  for (let race = 0; race < 60; race++) {
    const before = Array.from({ length: scoring.eval_batches }, () => 2 + 0.3 * normal(random));
    const contenders = Array.from({ length: 5 }, () => {
      const gain = 0.06 * random.next() - 0.015;
      return before.map((loss) => loss - gain - 0.03 * normal(random));
    });
    const { results } = await runRace({
      contenders,
      rules: raceRules(scoring),
      before: async (from, to) => before.slice(from, to),
      after: async (losses, from, to) => losses.slice(from, to),
    });
    for (const result of results.values()) if (result.verdict === "scored") found.push(result);
  }
  return found;
};

describe("the derivation of a score", () => {
  it("comes to the score of the race, whatever it took", async () => {
    for (const scoring of RACED) {
      const seen = { early: 0, scaled: 0, unrecognised: 0, cut: 0 };
      for (const figures of await raced(scoring)) {
        const derivation = derivationOf(figures, scoring);
        const { lowerBound, growth, exponent, quantile, standardError, batches } = derivation;
        const label = JSON.stringify({ figures, derivation });
        assert.ok(isConsistent(derivation, figures), label);
        assert.ok(Math.abs(lowerBound - (figures.lossReduction - quantile * standardError)) < 1e-12, label);
        assert.ok(
          Math.abs(standardError - figures.standardError * Math.sqrt(figures.batches / batches)) < 1e-12,
          label,
        );
        const score = growth === null ? 0 : (lowerBound * growth) ** exponent;
        assert.ok(Math.abs(score - figures.score) < 1e-12, label);
        if (figures.batches < batches) seen.early++;
        else assert.ok(growth === 1 || lowerBound <= 0, label);
        if (growth !== null && growth !== 1) seen.scaled++;
        if (growth === null && lowerBound > 0) seen.unrecognised++;
        if (lowerBound <= 0) seen.cut++;
      }
      const isRaced = scoring.racing.rounds > 1;
      assert.ok(seen.cut > 0 && seen.early > 0 === isRaced && seen.scaled > 0 === isRaced, JSON.stringify(seen));
    }
  });

  it("is told in figures that give the score again", async () => {
    for (const scoring of RACED)
      for (const figures of await raced(scoring)) {
        const text = describeScored(figures, derivationOf(figures, scoring));
        const number = (pattern: RegExp) => Number(text.match(pattern)?.[1] ?? Number.NaN);
        const [mean, quantile, error] = [/ is (-?[\d.]+) − /, / − ([\d.]+) × /, / × ([\d.]+) = /].map(number);
        const bound = mean! - quantile! * error!;
        assert.ok(Math.abs(bound - number(/ = (-?[\d.]+)[.,]/)) < 1e-4, text);
        const growth = text.includes("times") ? number(/, times ([\d.]+):/) : 1;
        const power = text.includes("to the power") ? number(/, to the power ([\d.]+)\./) : 1;
        const isNothing = /cut at zero\.$|beyond doubt\.$/.test(text);
        const score = isNothing ? 0 : (bound * growth) ** power;
        assert.ok(Math.abs(score - number(/^scored ([\d.]+): /)) < 1.5e-4, text);
        assert.doesNotMatch(text, /contradicts/);
      }
  });

  it("finds a report that contradicts itself, where it can", () => {
    const [scoring] = RACED;
    const figures = { lossReduction: 0.03, standardError: 0.004, batches: 48, growth: 1, score: 0 };
    const { lowerBound } = derivationOf(figures, scoring!);
    const isSaid = (change: Partial<Figures>) => {
      const given = { ...figures, ...change };
      return !isConsistent(derivationOf(given, scoring!), given);
    };
    assert.equal(isSaid({ score: lowerBound }), false);
    assert.equal(isSaid({ score: lowerBound * 1.01 }), true);
    assert.equal(isSaid({ score: 0 }), true);
    assert.equal(isSaid({ lossReduction: -0.03, score: 0.01 }), true);
    assert.equal(isSaid({ lossReduction: -0.03, score: 0 }), false);
    assert.equal(isSaid({ batches: 12, score: 0.01 }), true);
    assert.equal(isSaid({ batches: 12, score: 0 }), false, "no look at it recognised an improvement");
    assert.match(
      describeScored(figures, derivationOf(figures, scoring!)),
      new RegExp(`^scored 0\\.0000: .+ That gives ${lowerBound.toFixed(4)}: the report contradicts itself\\.$`),
    );
  });
});
