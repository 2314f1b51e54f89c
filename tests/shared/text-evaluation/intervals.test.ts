import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { ratioDifference, ratioInterval, wilsonInterval } from "#shared/text-evaluation/intervals.js";

const close = (actual: number, expected: number, tolerance = 1e-4) =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual}, expected ${expected}`);

describe("confidence intervals", () => {
  it("of a share are Wilson's", () => {
    // statsmodels 0.14: proportion_confint(k, n, method="wilson").
    for (const [successes, trials, low, high] of [
      [7, 10, 0.396779, 0.892209],
      [0, 20, 0, 0.161125],
      [500, 1000, 0.469072, 0.530928],
    ] as const) {
      const interval = wilsonInterval(successes, trials);
      close(interval.estimate, successes / trials);
      close(interval.low, low);
      close(interval.high, high);
    }
  });

  it("of a ratio hold its true value nineteen times in twenty", () => {
    const random = createRandom("ratios");
    let held = 0;
    for (let trial = 0; trial < 200; trial++) {
      const units = Array.from({ length: 60 }, () => {
        const denominator = 50 + random.below(100);
        return { numerator: denominator * 2 + 20 * normal(random), denominator };
      });
      const { low, high } = ratioInterval(units);
      if (low <= 2 && 2 <= high) held++;
    }
    assert.ok(held > 176 && held < 200, `${held} of 200`);
  });

  it("of a difference take the same units of both: what all have in common does not widen them", () => {
    const random = createRandom("pairs");
    const first = Array.from({ length: 40 }, () => ({ numerator: 100 + 30 * normal(random), denominator: 50 }));
    const second = first.map(({ numerator, denominator }) => ({ numerator: numerator - 1, denominator }));
    const { estimate, low, high } = ratioDifference(first, second);
    for (const value of [estimate, low, high]) close(value, -0.02, 1e-9);
  });

  it("are the same for the same units", () => {
    const units = [1, 2, 3, 5].map((numerator) => ({ numerator, denominator: 2 }));
    assert.deepEqual(ratioInterval(units), ratioInterval(units));
  });
});
