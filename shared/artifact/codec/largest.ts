/** The first pass compares the magnitude bits above this shift: the exponent and four bits of the significand. */
const SHIFT = 19;
const counts = new Uint32Array(1 << (31 - SHIFT));

/**
 * Indices of the `k` largest magnitudes, ascending. Of equal magnitudes, the first ones. One pass counts magnitudes by their leading bits,
 * a second sorts only the few that may be the k-th.
 *
 * @param values finite
 */
export const largest = (values: Float32Array, k: number): Uint16Array => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const magnitude = (i: number): number => bits[i]! & 0x7fffffff;
  counts.fill(0);
  for (let i = 0; i < bits.length; i++) counts[magnitude(i) >>> SHIFT]!++;
  let bin = counts.length;
  for (let above = 0; above < k; ) above += counts[--bin]!;
  const candidates: number[] = [];
  for (let i = 0; i < bits.length; i++) if (magnitude(i) >>> SHIFT >= bin) candidates.push(i);
  candidates.sort((a, b) => magnitude(b) - magnitude(a) || a - b);
  return Uint16Array.from(candidates.slice(0, k)).sort();
};
