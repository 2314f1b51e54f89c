import { BLOCK, BLOCK_BYTES, blocks } from "#shared/kernels/blocks.js";

/**
 * The weighted sum of one tensor's updates, in the same bits on every machine: for each element, `share · delta` is added in the given
 * order in float64 (no fused multiply-add), and the sum is rounded once to float32. With shares that sum to 1 it is the weighted mean, the
 * cycle's pseudo-gradient as DiLoCo averages it, with the sign of an improvement: θ' = θ + merged.
 *
 * @param deltas one array per contribution, all of one length, in ascending order of artifact hash
 * @param shares one per contribution
 * @param into   memory for the sum, as long as a delta; unset: new memory
 */
export const mergeDeltas = (
  deltas: readonly Float32Array[],
  shares: readonly number[],
  into?: Float32Array,
): Float32Array => {
  const length = deltas[0]?.length ?? 0;
  const merged = into ?? new Float32Array(length);
  if (
    deltas.length === 0 ||
    shares.length !== deltas.length ||
    [merged, ...deltas].some((one) => one.length !== length)
  )
    throw new RangeError("deltas of one length with one share each, at least one");
  const first = 1 + Math.ceil((8 * shares.length) / BLOCK_BYTES);
  const group = blocks(first + deltas.length);
  const [sum, weights] = group.arrays as [Float32Array, Float32Array];
  new Float64Array(weights.buffer, weights.byteOffset, shares.length).set(shares);
  for (let begin = 0; begin < length; begin += BLOCK) {
    const end = Math.min(begin + BLOCK, length);
    for (const [k, delta] of deltas.entries()) group.arrays[first + k]!.set(delta.subarray(begin, end));
    group.run("weightedSum", [0, 1, first], BLOCK_BYTES, 8 * shares.length);
    merged.set(sum.subarray(0, end - begin), begin);
  }
  return merged;
};
