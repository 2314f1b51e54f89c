import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { selectAll, selectForMerge } from "#shared/merge/selection.js";
import { mergeDeltas } from "#shared/merge/weighted-mean.js";

const submission = (artifact: string, group: string, score: number, independence = 1) => ({
  hotkey: `hotkey of ${artifact}`,
  artifact,
  group,
  score,
  independence,
});

test("the merge takes each group's best, in order of artifact hash, in proportion to score", () => {
  const selected = selectForMerge(
    [
      submission("d", "prose", 3),
      submission("c", "prose", 1),
      submission("b", "prose", 0.9),
      submission("a", "prose", 0),
      submission("e", "code", 0),
      submission("f", "math", 2),
    ],
    2,
  );
  assert.deepEqual([...selected.keys()], ["math", "prose"]);
  assert.deepEqual(
    selected.get("prose")?.map(({ artifact, share }) => [artifact, share]),
    [
      ["c", 0.25],
      ["d", 0.75],
    ],
  );
  assert.deepEqual(
    selected.get("math")?.map(({ share }) => share),
    [1],
  );
  assert.equal(selectForMerge([], 3).size, 0);
});

test("copies of one training weigh as much as it does in the merge, and take no place from others", () => {
  const selected = selectForMerge(
    [
      submission("a", "prose", 3, 0.5),
      submission("b", "prose", 3, 0.5),
      submission("c", "prose", 2, 1.5),
      submission("d", "prose", 2, 1.5),
      submission("e", "prose", 9, 0),
    ],
    3,
  );
  assert.deepEqual(
    selected.get("prose")?.map(({ artifact, share }) => [artifact, share]),
    [
      ["a", 0.2],
      ["c", 0.4],
      ["d", 0.4],
    ],
  );
});

test("the merge is the same bits in whatever order submissions are known", () => {
  const all = fc.uniqueArray(
    fc.record({
      artifact: fc.stringMatching(/^[0-9a-f]{8}$/),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.nat(99),
    }),
    { selector: ({ artifact }) => artifact, minLength: 1, maxLength: 8 },
  );
  const merged = (list: readonly { artifact: string; score: number; seed: number }[]) => {
    const selected = selectForMerge(
      list.map((item) => ({ ...submission(item.artifact, "g", item.score), seed: item.seed })),
      4,
    ).get("g");
    if (selected === undefined) return null;
    const deltas = selected.map(({ seed }) => Float32Array.from({ length: 16 }, (_, i) => Math.sin(seed * 31 + i)));
    return mergeDeltas(
      deltas,
      selected.map(({ share }) => share),
    );
  };
  fc.assert(
    fc.property(all, (list) => {
      assert.deepEqual(merged(list.toReversed()), merged(list));
    }),
    { seed: 1 },
  );
});

test("the weighted mean has the sign of the updates, is exact in float64 and rounds once", () => {
  assert.deepEqual(
    mergeDeltas([Float32Array.of(1, -2, 0), Float32Array.of(3, 2, -4)], [0.25, 0.75]),
    Float32Array.of(2.5, 1, -3),
  );
  const big = Float32Array.of(16777216);
  const one = Float32Array.of(1);
  // in float32 each 1 would vanish beside 2^24; in float64 both arrive
  assert.deepEqual(mergeDeltas([big, one, one], [1, 1, 1]), Float32Array.of(16777218));
  assert.deepEqual(mergeDeltas([Float32Array.of(0.1, 7)], [1]), Float32Array.of(0.1, 7));
});

test("the merge has the bits of its definition, whatever the number and the length of the updates", () => {
  const update = fc.float32Array({ minLength: 3, maxLength: 3, noNaN: true });
  const contributions = fc.array(fc.tuple(update, fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 1,
    maxLength: 11,
  });
  fc.assert(
    fc.property(contributions, fc.constantFrom(3, 4095, 4097, 9000), (list, length) => {
      const deltas = list.map(([pattern]) => Float32Array.from({ length }, (_, i) => pattern[i % 3]!));
      const shares = list.map(([, share]) => share);
      const sums = Float32Array.from({ length }, (_, i) =>
        deltas.reduce((sum, delta, k) => sum + shares[k]! * delta[i]!, 0),
      );
      assert.deepEqual(new Uint32Array(mergeDeltas(deltas, shares).buffer), new Uint32Array(sums.buffer));
    }),
    { seed: 3, numRuns: 60 },
  );
});

test("more updates than a block has room for shares are merged like few", () => {
  const deltas = Array.from({ length: 2500 }, (_, k) => Float32Array.of(k, -k));
  const shares = deltas.map((_, k) => (k % 7) / 7);
  const sum = shares.reduce((total, share, k) => total + share * k, 0);
  assert.deepEqual(mergeDeltas(deltas, shares), Float32Array.of(sum, -sum));
});

test("what cannot be merged is not", () => {
  assert.throws(() => mergeDeltas([], []), RangeError);
  assert.throws(() => mergeDeltas([Float32Array.of(1)], [0.5, 0.5]), RangeError);
  assert.throws(() => mergeDeltas([Float32Array.of(1), Float32Array.of(1, 2)], [0.5, 0.5]), RangeError);
});

test("in a step along all, updates say what length is usual by how much they lower the loss, and all alike where none does", () => {
  const one = (artifact: string, lossReduction: number) => ({ ...submission(artifact, "prose", 0), lossReduction });
  const said = (...list: ReturnType<typeof one>[]) =>
    selectAll(list, 4)
      .get("prose")
      ?.map(({ artifact, share, voice }) => [artifact, share, voice]);
  assert.deepEqual(said(one("a", 3), one("b", 1), one("c", 0), one("d", -2)), [
    ["a", 0.25, 0.75],
    ["b", 0.25, 0.25],
    ["c", 0.25, 0],
    ["d", 0.25, 0],
  ]);
  assert.deepEqual(said(one("a", -0.3), one("b", -0.1)), [
    ["a", 0.5, 0.5],
    ["b", 0.5, 0.5],
  ]);
  assert.deepEqual(said(one("a", 0.3)), [["a", 1, 1]], "as it has along the merged ones");
});
