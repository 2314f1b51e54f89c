import assert from "node:assert/strict";
import { test } from "node:test";
import { packingTime, trainingDeadline } from "#miner/commit/training-deadline.js";

const PACE = 1000;
const lengths = { distribute: 10, train: 100, commit: 12, reveal: 5, evaluate: 5, exchange: 5, choose: 5, merge: 5 };
const timer = { blockTime: () => PACE, expected: (block: number) => block * PACE };
const deadline = (packing?: number, phases = lengths) => trainingDeadline({ timer, cycle: 0, phases, packing });

test("training ends earlier where an update took longer to make ready than the commit phase gives", () => {
  const end = 109 * PACE;
  assert.equal(deadline(8 * PACE), end, "10 s of 12 blocks are enough, with the margin");
  assert.equal(deadline(24 * PACE), end - 20 * PACE, "30 s with the margin, of which the commit phase gives 10");
  assert.equal(deadline(), end, "a tenth of the train phase, before it was measured");
  assert.equal(deadline(undefined, { ...lengths, commit: 4 }), end - 8 * PACE);
  assert.equal(deadline(1e9), end - 50 * PACE, "half of the train phase remains for training");
  assert.equal(deadline(1000, { ...lengths, commit: 1 }), end - 1250);
  const unknown = { cycle: 0, phases: lengths, packing: 1e9 };
  assert.equal(trainingDeadline({ ...unknown, timer: undefined }), undefined);
  assert.equal(trainingDeadline({ ...unknown, timer: { ...timer, expected: () => undefined } }), undefined);
});

test("a long packing counts for some cycles, less each time", () => {
  assert.equal(packingTime(undefined, 400), 400);
  assert.equal(packingTime(400, 1000), 1000);
  let packing = 1000;
  const taken = Array.from({ length: 5 }, () => {
    packing = packingTime(packing, 400);
    return packing;
  });
  assert.deepEqual(taken, [750, 562.5, 421.875, 400, 400]);
});
