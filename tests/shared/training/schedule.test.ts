import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { coded } from "#tests/support/coded.js";

const options = fc
  .record({
    peak: fc.double({ min: 1e-5, max: 1, noNaN: true }),
    warmupSteps: fc.integer({ min: 0, max: 50 }),
    decaySteps: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ peak, warmupSteps, decaySteps, share }) => ({
    peak,
    warmupSteps,
    totalSteps: warmupSteps + decaySteps,
    floor: peak * share,
  }));

describe("cosineWithWarmup", () => {
  it("rises to the peak, falls to the floor and stays there, without a jump", () => {
    fc.assert(
      fc.property(options, ({ peak, warmupSteps, totalSteps, floor }) => {
        const schedule = cosineWithWarmup({ peak, warmupSteps, totalSteps, floor });
        assert.ok(schedule(0) > 0 || floor === peak);
        assert.ok(Math.abs(schedule(warmupSteps) - peak) < 1e-12);
        assert.equal(schedule(totalSteps), floor);
        assert.equal(schedule(totalSteps + 100), floor);
        const steepest =
          Math.max(peak / (warmupSteps + 1), ((peak - floor) * Math.PI) / 2 / (totalSteps - warmupSteps)) + 1e-12;
        for (let step = 0; step <= totalSteps; step++) {
          const change = schedule(step + 1) - schedule(step);
          assert.ok(step < warmupSteps ? change > 0 : change <= 1e-12);
          assert.ok(Math.abs(change) <= steepest);
        }
      }),
      { seed: 11, numRuns: 50 },
    );
  });

  it("is halfway between peak and floor halfway down", () => {
    const schedule = cosineWithWarmup({ peak: 1, warmupSteps: 10, totalSteps: 110, floor: 0.2 });
    assert.ok(Math.abs(schedule(60) - 0.6) < 1e-12);
    assert.ok(Math.abs(schedule(4) - 5 / 11) < 1e-12);
  });

  it("refuses impossible curves", () => {
    for (const wrong of [
      { warmupSteps: 5 },
      { peak: Number.NaN },
      { floor: 2 },
      { warmupSteps: -1 },
      { peak: Infinity },
    ]) {
      assert.throws(
        () => cosineWithWarmup({ peak: 1, warmupSteps: 0, totalSteps: 4, ...wrong }),
        coded("TRAIN_SCHEDULE"),
      );
    }
  });
});
