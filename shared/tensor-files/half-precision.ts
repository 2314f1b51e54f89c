/**
 * bfloat16 and IEEE 754 binary16 from and to float32, as bit patterns: a Uint16Array holds halves, a Uint32Array floats. Widening is exact;
 * narrowing rounds to nearest, ties to even, and keeps NaN a NaN.
 */

/** bfloat16 → float32: the same number with sixteen more zero bits. */
export const widenBfloat16 = (from: Uint16Array, into: Uint32Array): void => {
  for (let i = 0; i < from.length; i++) into[i] = from[i]! << 16;
};

/** binary16 → float32, by a table of all 65,536. */
export const widenFloat16 = (from: Uint16Array, into: Uint32Array): void => {
  table ??= Uint32Array.from({ length: 1 << 16 }, (_, half) => widened(half));
  for (let i = 0; i < from.length; i++) into[i] = table[from[i]!]!;
};

/** float32 → bfloat16. */
export const narrowBfloat16 = (from: Uint32Array, into: Uint16Array): void => {
  for (let i = 0; i < from.length; i++) {
    const bits = from[i]!;
    const nan = (bits & 0x7fffffff) > INFINITY;
    into[i] = nan ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
};

/** float32 → binary16; from 65,520 up it is infinite. */
export const narrowFloat16 = (from: Uint32Array, into: Uint16Array): void => {
  for (let i = 0; i < from.length; i++) {
    const bits = from[i]!;
    into[i] = ((bits >>> 16) & 0x8000) | narrowedMagnitude(bits & 0x7fffffff);
  }
};

/** Smallest float32 bits that are infinite, round to infinity, or are no subnormal of binary16. */
const INFINITY = 0x7f800000;
const HALF_INFINITY = 0x477ff000;
const HALF_NORMAL = 0x38800000;

const narrowedMagnitude = (bits: number): number => {
  if (bits > INFINITY) return 0x7e00 | ((bits >>> 13) & 0x3ff);
  if (bits >= HALF_INFINITY) return 0x7c00;
  if (bits >= HALF_NORMAL) return (bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13;
  // The subnormals' unit is 2^-24: the significand, 24 bits of unit 2^(exponent - 150), moves right by 126 - exponent.
  const shift = 126 - (bits >>> 23);
  if (shift > 24) return 0;
  const significand = (bits & 0x7fffff) | 0x800000;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
};

let table: Uint32Array | undefined;

const widened = (half: number): number => {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | INFINITY | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: move its leading bit up to where it is implied.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
};
