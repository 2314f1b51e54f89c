/**
 * The mean, element by element, of what remains after `trim` of the shares is cut off at each end (Yin et al., "Byzantine-Robust
 * Distributed Learning: Towards Optimal Statistical Rates", 2018, with shares instead of counts: part of an update's share may be cut). A
 * party with at most `trim` of the shares cannot move an element out of the range of the others. Near one half it is the weighted median.
 * Of equal values the earlier update comes first. Sums are float64 in ascending order of value, rounded once to float32.
 *
 * @param deltas one array per update, all of one length
 * @param shares positive, summing to 1
 * @param trim   in (0, ½)
 * @param into   memory for the means, as long as a delta; unset: new memory
 */
export const trimmedMean = (
  deltas: readonly Float32Array[],
  shares: readonly number[],
  trim: number,
  into?: Float32Array,
): Float32Array => {
  const merged = into ?? new Float32Array(deltas[0]!.length);
  const count = deltas.length;
  const values = new Float64Array(count);
  const masses = new Float64Array(count);
  for (let i = 0; i < merged.length; i++) {
    for (let k = 0; k < count; k++) {
      const value = deltas[k]![i]!;
      let at = k;
      for (; at > 0 && values[at - 1]! > value; at--) {
        values[at] = values[at - 1]!;
        masses[at] = masses[at - 1]!;
      }
      values[at] = value;
      masses[at] = shares[k]!;
    }
    let before = 0;
    let kept = 0;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const after = before + masses[k]!;
      const mass = Math.max(0, Math.min(after, 1 - trim) - Math.max(before, trim));
      kept += mass;
      sum += mass * values[k]!;
      before = after;
    }
    merged[i] = sum / kept;
  }
  return merged;
};
