import assert from "node:assert/strict";
import { test } from "node:test";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { type Directions, measureCandidates } from "#shared/evaluation/measure-candidates.js";

const WEIGHT = "experts.weight";
const along = (value: number): FloatTensors => new Map([[WEIGHT, { shape: [1], data: Float32Array.of(value) }]]);

/** Batches that differ by their number, and a loss of (1 − w)² in a model of one weight. */
const batches = Array.from(
  { length: 64 },
  (_, at): Batch => ({
    ids: BigInt64Array.of(BigInt(at)),
    targets: new BigInt64Array(),
    counted: 0,
    bytes: 0,
    batchSize: 1,
    sequenceLength: 1,
  }),
);
const lossOf = (weight: number, { ids: [at] }: Batch, { noise, common }: Noise) =>
  (1 - weight) ** 2 +
  (1 + noise * weight) * Math.sin(Number(at)) +
  (weight === 0 ? 0 : common * Math.sin(3 * Number(at)));

/** By how much batches differ in what a step does: by its length, and whatever its length. */
interface Noise {
  readonly noise: number;
  readonly common: number;
}

/** Of another group's text, told by the size of its batches: the loss rises with w. */
const elsewhere = batches.slice(0, 8).map((batch) => ({ ...batch, batchSize: 2 }));
const lossElsewhere = (weight: number, { ids: [at] }: Batch) => 1.1 * weight + Math.sin(Number(at));

/** @param left number of batches that there is time for */
const measure = async (
  directions: Directions,
  others: readonly Batch[] = [],
  { left = Number.POSITIVE_INFINITY, noise = 0.01, common = 0 }: Partial<Noise> & { readonly left?: number } = {},
) => {
  const looks: number[] = [];
  let taken = 0;
  const { vote, reductions } = await measureCandidates(
    {
      ofGroup: async () => ({
        losses: async (change, drawn) => {
          const weight = change?.get(WEIGHT)?.data[0] ?? 0;
          looks.push(weight);
          taken += drawn.length;
          return drawn.map((batch) =>
            batch.batchSize === 1 ? lossOf(weight, batch, { noise, common }) : lossElsewhere(weight, batch),
          );
        },
      }),
    },
    {
      model: { [WEIGHT]: { dtype: "float32", shape: [1], data: Float32Array.of(0) } },
      group: { experts: {}, data: [] },
      directions,
      outer: {
        confidence: 0.995,
        steps: [
          { along: "merged", lr: 0.5, momentum: 0 },
          { along: "merged", lr: 1, momentum: 0 },
          { along: "all", lr: 1, momentum: 0 },
          { along: "best", lr: 1, momentum: 0 },
        ],
      },
      batches,
      others: { groups: 1, batches: others },
      time: { now: () => taken, left: () => left - taken },
    },
  );
  return { vote, looks, taken, measured: [...reductions.keys()] };
};

test("a step that is the same as another is measured once, and a ballot says the same of both", async () => {
  const single = along(0.5);
  const { vote, looks, measured } = await measure({ merged: single, all: single, best: single, momentum: null });
  assert.deepEqual(vote, { better: [1, 2, 3, 4], best: 2 });
  assert.deepEqual(measured, [1, 2, 3, 4]);
  assert.equal(looks.filter((weight) => weight === 0.5).length, 3, "in each look until half of all batches");
});

test("a step along what there is not is not measured", async () => {
  const { vote, measured } = await measure({ merged: null, all: along(0.5), best: null, momentum: null });
  assert.deepEqual([vote, measured], [{ better: [3], best: 3 }, [3]]);
  const none = await measure({ merged: null, all: null, best: null, momentum: null });
  assert.deepEqual([none.vote, none.looks], [{ better: [], best: 0 }, []], "without any the base is all there is");
});

test("of two steps that one is best which costs another group less", async () => {
  const directions = { merged: along(0.5), all: along(1), best: along(1.9), momentum: null };
  // From 0 a step to w brings 1 − (1 − w)² and costs 1.1 w: to 0.25 0.44 and 0.28, to 0.5 0.75 and 0.55, to 1 1 and 1.1, to 1.9 0.19 and 2.09.
  const { vote } = await measure(directions, elsewhere);
  assert.deepEqual(vote?.better, [1, 2], "the others cost more than they gain");
  assert.equal(vote?.best, 2);
  const unseen = await measure(directions);
  assert.deepEqual([unseen.vote?.better, unseen.vote?.best], [[1, 2, 3, 4], 3], "where the other text is not measured");
});

test("a step that left for the sake of ones that cost another group more than they gain is raced again", async () => {
  // To 0.95 and 1 a step costs more than it gains, to 1.9 too; to 0.4 it brings 0.64 and costs 0.44, and leaves at the first look, which approves none.
  const directions = { merged: along(1.9), all: along(1), best: along(0.4), momentum: null };
  const { vote } = await measure(directions, elsewhere, { common: 1.5 });
  assert.deepEqual(vote, { better: [4], best: 4 });
  const unseen = await measure(directions, [], { common: 1.5 });
  assert.ok(!unseen.vote?.better.includes(4), "where the other text is not measured");
});

test("a race of steps leaves time to measure what they cost another group", async () => {
  const directions = { merged: along(0.5), all: along(1), best: along(1.9), momentum: null };
  // So many batches are what the race takes by itself, or a few more.
  for (const left of [240, 250, 260]) {
    const { vote, taken } = await measure(directions, elsewhere, { left, noise: 3 });
    assert.equal(vote?.best, 2, `with time for ${left} batches`);
    assert.ok(taken <= left, `${taken} of ${left}`);
  }
});

test("a race that time ends before any step is approved is no vote for the base, where an update was found good", async () => {
  const single = along(0.1);
  const directions = { merged: single, all: single, best: single, momentum: null };
  const hard = { noise: 10 };
  const { vote } = await measure(directions, [], { ...hard, left: 64 });
  assert.equal(vote, null);
  const half = await measure(directions, [], { ...hard, left: 100 });
  assert.deepEqual(half.vote, { better: [], best: 0 }, "the same with time for half of the batches");
  const whole = await measure(directions, [], hard);
  assert.deepEqual(whole.vote, { better: [], best: 0 }, "and for all of them");
  const worthless = await measure({ ...directions, merged: null, best: null }, [], { ...hard, left: 64 });
  assert.deepEqual(worthless.vote, { better: [], best: 0 }, "where none was");
});
