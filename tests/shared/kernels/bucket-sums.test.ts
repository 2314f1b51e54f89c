import assert from "node:assert/strict";
import { it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { addToBuckets, BUCKETS } from "#shared/kernels/bucket-sums.js";

const mix = (x: number): number => {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** As docs/protocol.md says it, element by element. */
const expected = (sums: Float64Array, data: Float32Array, from: number, [k1, k2]: readonly [number, number]): void => {
  for (const [i, value] of data.entries()) {
    const hash = mix(mix((from + i) ^ k1) ^ k2);
    sums[hash & (BUCKETS - 1)]! += hash < 0 ? -value : value;
  }
};

it("elements are added to the buckets that the protocol names, bit for bit", () => {
  const random = createRandom("buckets");
  const keys = [-1_234_567_890, 987_654_321] as const;
  const [sums, right] = [new Float64Array(BUCKETS), new Float64Array(BUCKETS)];
  for (const [length, from] of [
    [0, 0],
    [1, 0],
    [5, 3],
    [50_003, 8],
    [100, 2 ** 32 - 50],
  ] as const) {
    const data = Float32Array.from({ length }, (_, i) => (i % 7 === 0 ? -0 : random.next() - 0.5));
    addToBuckets(sums, data, from, keys);
    expected(right, data, from, keys);
    assert.deepEqual(sums, right);
  }
});
