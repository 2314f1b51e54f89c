/** One, in millionths: the unit in which shares and probabilities are agreed, because floating point differs between machines. */
export const MILLION = 1_000_000;

/** ⌈a / b⌉ of a non-negative `a` and a positive `b`. */
export const ceilDivide = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** part / whole in millionths, rounded up. 0 of nothing is 0. */
export const ratioUp = (part: number, whole: number): number =>
  whole === 0 ? 0 : Number(ceilDivide(BigInt(part) * BigInt(MILLION), BigInt(whole)));

/** part / whole in millionths, rounded down. 0 of nothing is 0. */
export const ratioDown = (part: number, whole: number): number =>
  whole === 0 ? 0 : Number((BigInt(part) * BigInt(MILLION)) / BigInt(whole));

/** Millionths as a decimal number with six digits after the point, such as 0.591000. */
export const formatMillionths = (millionths: number): string => {
  const sign = millionths < 0 ? "-" : "";
  const digits = Math.abs(millionths).toString().padStart(7, "0");
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
};
