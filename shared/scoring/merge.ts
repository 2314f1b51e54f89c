/**
 * The weighted sum of one tensor's updates, in the same bits on every machine: for each element, `share · delta` is added in the
 * given order in float64 (no fused multiply-add), and the sum is rounded once to float32. With shares that sum to 1 it is the
 * weighted mean, the cycle's pseudo-gradient as DiLoCo averages it, with the sign of an improvement: θ' = θ + merged.
 *
 * @param deltas one array a contribution, all of one length, in ascending order of artifact hash
 * @param shares one a contribution
 */
export const mergeDeltas = (deltas: readonly Float32Array[], shares: readonly number[]): Float32Array => {
  const length = deltas[0]?.length ?? 0;
  if (deltas.length === 0 || shares.length !== deltas.length || deltas.some((delta) => delta.length !== length)) {
    throw new RangeError("deltas of one length with one share each, at least one");
  }
  const sum = new Float64Array(length);
  for (const [k, delta] of deltas.entries()) {
    const share = shares[k]!;
    for (let i = 0; i < length; i++) sum[i] = sum[i]! + share * delta[i]!;
  }
  return Float32Array.from(sum);
};
