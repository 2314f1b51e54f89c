import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { measureElsewhere } from "#shared/scoring/steps/measure-elsewhere.js";

const BATCHES = 4;

/** Measures three candidates at 10 ms a batch, each worse by its number and by what a batch adds. */
const measure = async (milliseconds: number) => {
  let clock = 0;
  const { reductions, passes, isShort } = await measureElsewhere({
    candidates: [2, 0, 1],
    batches: BATCHES,
    losses: async (candidate, from, to) => {
      clock += 10 * (to - from);
      return Array.from({ length: to - from }, (_, i) => 1 + (candidate === null ? 0 : candidate + 0.1 * i));
    },
    ahead: undefined,
    time: { now: () => clock, left: () => milliseconds - clock },
    perBatch: 10,
  });
  return { measured: [...reductions.keys()], passes, isShort, of: reductions.get(2) };
};

describe("measuring steps on the other groups' text", () => {
  it("compares each with the base on the same batches", async () => {
    const { measured, passes, isShort, of } = await measure(1000);
    assert.deepEqual([measured, passes, isShort], [[2, 0, 1], 16, false]);
    assert.ok(Math.abs(of!.mean + 2.15) < 1e-9 && of!.batches === BATCHES);
  });

  it("takes as many as there is time for, in their order", async () => {
    assert.deepEqual((await measure(130)).measured, [2, 0]);
    assert.deepEqual((await measure(80)).measured, [2]);
    const none = await measure(79);
    assert.deepEqual([none.measured, none.passes, none.isShort], [[], 0, true]);
  });
});
