import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { measureElsewhere } from "#shared/scoring/steps/measure-elsewhere.js";
import { worthwhile } from "#shared/scoring/steps/worth.js";

const BATCHES = 4;

/** Measures three candidates at 10 ms a batch, each worse by its number and by what a batch adds. */
const measure = async (milliseconds: number) => {
  let clock = 0;
  const { reductions, passes, isShort } = await measureElsewhere({
    candidates: [2, 0, 1],
    groups: 1,
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

  it("takes all of them on fewer batches where time is short, but not on too few", async () => {
    const measure = async (left: number, groups = 1) => {
      const { reductions, passes, isShort } = await measureElsewhere({
        candidates: [0, 1, 2],
        groups,
        batches: 32,
        losses: async (candidate, from, to) =>
          Array.from({ length: to - from }, (_, i) => 1 + (candidate === null ? 0 : 0.1 * i)),
        ahead: undefined,
        time: { now: () => 0, left: () => left },
        perBatch: 1,
      });
      return { taken: [...reductions.values()].map(({ batches }) => batches), passes, isShort };
    };
    assert.deepEqual(await measure(128), { taken: [32, 32, 32], passes: 128, isShort: false });
    assert.deepEqual(await measure(127), { taken: [31, 31, 31], passes: 124, isShort: true });
    assert.deepEqual(
      await measure(127, 4),
      { taken: [28, 28, 28], passes: 112, isShort: true },
      "as many of each group",
    );
    assert.deepEqual(await measure(32), { taken: [8, 8, 8], passes: 32, isShort: true });
    assert.deepEqual(await measure(31), { taken: [8, 8], passes: 24, isShort: true });
    assert.deepEqual(await measure(32, 16), { taken: [], passes: 0, isShort: true }, "two of each group at least");
    assert.deepEqual(await measure(15), { taken: [], passes: 0, isShort: true });
  });

  it("sees what a step does to one of many groups", async () => {
    for (const groups of [1, 4, 16, 47]) {
      const batches = Math.max(8, 2 * groups);
      // Every group's loss varies from batch to batch, the first one's is raised.
      const { reductions } = await measureElsewhere({
        candidates: [0],
        groups,
        batches,
        losses: async (candidate, from, to) =>
          Array.from({ length: to - from }, (_, i) => {
            const varies = 0.001 * (Math.floor((from + i) / groups) % 2 === 0 ? 1 : -1);
            return 1 + (candidate === null ? 0 : varies + ((from + i) % groups === 0 ? 1 : 0));
          }),
        ahead: undefined,
        time: undefined,
        perBatch: 0,
      });
      const others = reductions.get(0)!;
      assert.ok(Math.abs(others.mean + 1 / groups) < 0.01, `${groups}: ${others.mean}`);
      assert.equal(others.freedom, batches - groups);
      const own = { mean: 0.001, standardError: 0.0001, batches: 32 };
      assert.deepEqual(worthwhile([{ reach: 1, own, others }], groups).better, [false], `${groups} other groups`);
    }
  });

  it("tells harm from chance by how the batches of one group differ", async () => {
    // Two groups whose losses the step raises by 0.1 and 0.3 in the mean, where batches differ by 0.02 and 0.04.
    const raised = [0.1, 0.3, 0.12, 0.34, 0.08, 0.26];
    const { reductions } = await measureElsewhere({
      candidates: [0],
      groups: 2,
      batches: raised.length,
      losses: async (candidate, from, to) => raised.slice(from, to).map((more) => 1 + (candidate === null ? 0 : more)),
      ahead: undefined,
      time: undefined,
      perBatch: 0,
    });
    const { mean, standardError, freedom } = reductions.get(0)!;
    assert.ok(Math.abs(mean + 0.2) < 1e-12);
    assert.ok(Math.abs(standardError - Math.sqrt((0.02 * 0.02 + 0.04 * 0.04) / 3) / 2) < 1e-12);
    assert.equal(freedom, 4);
  });
});
