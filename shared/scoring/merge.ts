/**
 * The weighted sum of one tensor's updates, in the same bits on every machine: for each element, `share · delta` is added in the
 * given order in float64 (no fused multiply-add), and the sum is rounded once to float32. With shares that sum to 1 it is the
 * weighted mean, the cycle's pseudo-gradient as DiLoCo averages it, with the sign of an improvement: θ' = θ + merged.
 *
 * @param deltas one array a contribution, all of one length, in ascending order of artifact hash
 * @param shares one a contribution
 * @param into   where the sum goes, as long as a delta; memory of its own if not given
 */
export const mergeDeltas = (
  deltas: readonly Float32Array[],
  shares: readonly number[],
  into?: Float32Array,
): Float32Array => {
  const length = deltas[0]?.length ?? 0;
  if (deltas.length === 0 || shares.length !== deltas.length || deltas.some((delta) => delta.length !== length)) {
    throw new RangeError("deltas of one length with one share each, at least one");
  }
  const merged = into ?? new Float32Array(length);
  const sum = new Float64Array(Math.min(length, BLOCK));
  for (let begin = 0; begin < length; begin += BLOCK) {
    const size = Math.min(BLOCK, length - begin);
    sum.fill(0);
    let k = 0;
    for (; k + 4 <= deltas.length; k += 4) addFour(sum, deltas, shares, k, begin, size);
    for (; k < deltas.length; k++) {
      const [delta, share] = [deltas[k]!, shares[k]!];
      for (let i = 0; i < size; i++) sum[i] = sum[i]! + share * delta[begin + i]!;
    }
    for (let i = 0; i < size; i++) merged[begin + i] = sum[i]!;
  }
  return merged;
};

/** Elements summed at a time: the sums stay in the processor's cache, and no float64 copy of a tensor is made. */
const BLOCK = 4096;

/** The same additions in the same order, with a quarter of the passes over the sums. */
const addFour = (
  sum: Float64Array,
  deltas: readonly Float32Array[],
  shares: readonly number[],
  k: number,
  begin: number,
  size: number,
): void => {
  const [a, b, c, d] = [deltas[k]!, deltas[k + 1]!, deltas[k + 2]!, deltas[k + 3]!];
  const [shareA, shareB, shareC, shareD] = [shares[k]!, shares[k + 1]!, shares[k + 2]!, shares[k + 3]!];
  for (let i = 0, at = begin; i < size; i++, at++)
    sum[i] = sum[i]! + shareA * a[at]! + shareB * b[at]! + shareC * c[at]! + shareD * d[at]!;
};
