import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planLaps } from "#shared/scoring/racing/laps.js";

test("laps double up to all batches, and none has fewer than four", () => {
  const batchesOf = (batches: number, rounds: number) =>
    planLaps({ batches, confidence: 0.99, rounds }).map((lap) => lap.batches);
  assert.deepEqual(batchesOf(51, 4), [7, 13, 26, 51]);
  assert.deepEqual(batchesOf(16, 4), [4, 8, 16]);
  assert.deepEqual(batchesOf(51, 1), [51]);
  assert.deepEqual(batchesOf(7, 4), [4, 7]);
  assert.deepEqual(batchesOf(2, 10), [2]);
});

test("the laps share the error that the confidence leaves", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 1000 }),
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0.51, max: 0.9999, noNaN: true }),
      (batches, rounds, confidence) => {
        const laps = planLaps({ batches, rounds, confidence });
        assert.ok(laps.length <= rounds);
        assert.equal(laps.at(-1)!.batches, batches);
        assert.ok(laps.every((lap, i) => i === 0 || lap.batches > laps[i - 1]!.batches));
        const error = laps.reduce((sum, lap) => sum + 1 - lap.confidence, 0);
        assert.ok(Math.abs(error - (1 - confidence)) < 1e-12);
      },
    ),
    { seed: 1 },
  );
});
