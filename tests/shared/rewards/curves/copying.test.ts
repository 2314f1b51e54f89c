import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { xoshiro } from "#shared/data/xoshiro.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { type Copying, mostGainOfCopy } from "#shared/rewards/curves/copying.js";
import type { RewardCurve } from "#shared/rewards/curves/curve.js";
import { incomeOf } from "#shared/rewards/curves/income.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";

const usual = rewardCurve(DEFAULT_CURVE);
const topN = rewardCurve({ curve: "top-n", n: 5, decay: { ratio: 1.2 }, floor: 0 });
const score = fc.double({ min: 0.01, max: 5, noNaN: true });
const field = fc.array(score, { minLength: 1, maxLength: 30 });
const copies = fc.integer({ min: 1, max: 8 });
const recall = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0.9, max: 1, noNaN: true }) },
  fc.double({ min: 0, max: 0.9, noNaN: true }),
);
const close = (actual: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

interface CopiedWork extends Copying {
  readonly curve: RewardCurve;
  /** Scores of all other miners. */
  readonly field: readonly number[];
  /** The score of the copied work. */
  readonly score: number;
  /** Cost of one more identity per cycle, as a share of the pool. */
  readonly identityCost: number;
}

/** The mean gain from `copies` copies of one work, as a share of the pool per cycle, each under its own identity. Ties go to the other miners. */
const copyingGain = ({ curve, field, score, isOwn, recall, identityCost }: CopiedWork, copies: number): number => {
  const beside = isOwn ? 1 : 0;
  const income = (identities: number) => incomeOf(curve, { field, score, identities });
  let gain = -copies * identityCost;
  let ways = 1;
  for (let passed = 1; passed <= copies; passed++) {
    ways *= (copies - passed + 1) / passed;
    const chance = ways * (1 - recall) ** passed * recall ** (copies - passed);
    gain += chance * (income(beside + passed) - income(beside));
  }
  return gain;
};

/** A copier that multiplies its own work, or the best of the others'. */
const copier = fc
  .record({ field, isOwn: fc.boolean(), own: score, recall })
  .map(({ own, ...rest }) => ({ ...rest, score: rest.isOwn ? own : Math.max(...rest.field) }));

describe("copies of one work", () => {
  it("never pay under the default curve, in any field, where an identity costs what the gate's recall asks", () => {
    let passed = 0;
    fc.assert(
      fc.property(copier, copies, fc.double({ min: 1, max: 3, noNaN: true }), (one, k, dearer) => {
        const identityCost = mostGainOfCopy(one) * dearer;
        const gain = copyingGain({ ...one, curve: usual, identityCost }, k);
        assert.ok(gain <= 1e-12, `${gain} with ${k} copies`);
        if (copyingGain({ ...one, curve: usual, identityCost: 0 }, k) > 1e-6) passed++;
      }),
      { seed: 67, numRuns: 2000 },
    );
    assert.ok(passed > 1500, `for nothing nearly all would pay, not ${passed}`);
  });

  it("pay at anything less: there is a field in which one copy gains just that", () => {
    fc.assert(
      fc.property(score, recall, fc.constantFrom(0.5, 1, 2.5, 6), (own, recall, exponent) => {
        const curve = rewardCurve({ curve: "proportional", exponent });
        const free = { curve, recall, identityCost: 0 };
        const rival = own * Math.SQRT2 ** (1 / exponent);
        close(
          copyingGain({ ...free, field: [rival], score: own, isOwn: true }, 1),
          mostGainOfCopy({ isOwn: true, recall }),
        );
        close(
          copyingGain({ ...free, field: [own], score: own, isOwn: false }, 1),
          mostGainOfCopy({ isOwn: false, recall }),
        );
      }),
      { seed: 68, numRuns: 200 },
    );
  });

  it("gain on average what they gain when the gate is asked for each of them", () => {
    const random = xoshiro([1, 2, 3, 4]);
    const trials = 20_000;
    for (const curve of [usual, topN])
      for (const isOwn of [true, false]) {
        const one = { curve, field: [3, 2, 1, 1, 0.5], score: 3, isOwn, recall: 0.6, identityCost: 0.01 };
        const incomes = [0, 1, 2, 3, 4].map((identities) => incomeOf(curve, { ...one, identities }));
        const beside = isOwn ? 1 : 0;
        let sum = 0;
        for (let trial = 0; trial < trials; trial++) {
          let passed = 0;
          for (let copy = 0; copy < 3; copy++) if (random.next() >= one.recall) passed++;
          sum += incomes[beside + passed]! - incomes[beside]! - 3 * one.identityCost;
        }
        close(copyingGain(one, 3), sum / trials, 0.005);
      }
  });

  it("earn nothing once the gate has them all, and cost their identities", () => {
    const one = { curve: topN, field: [1, 1, 1], score: 2, isOwn: true, identityCost: 0.001 };
    close(copyingGain({ ...one, recall: 1 }, 4), -0.004);
    assert.ok(copyingGain({ ...one, recall: 0 }, 2) > 0.2, "without a gate they pay");
  });
});
