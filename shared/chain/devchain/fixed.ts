/**
 * Signed 32.32 fixed point in a bigint, with the rounding of the `I32F32` that subtensor computes its epochs in:
 * products and quotients round down, results saturate.
 */
export type Fixed = bigint;

const FRACTION = 32n;
const LARGEST = (1n << 63n) - 1n;
export const ZERO: Fixed = 0n;
export const ONE: Fixed = 1n << FRACTION;
export const U16_MAX = 65535;

const saturate = (value: bigint): Fixed => (value > LARGEST ? LARGEST : value < -LARGEST - 1n ? -LARGEST - 1n : value);

export const fromInteger = (value: number | bigint): Fixed => saturate(BigInt(value) << FRACTION);
export const add = (a: Fixed, b: Fixed): Fixed => saturate(a + b);
export const multiply = (a: Fixed, b: Fixed): Fixed => saturate((a * b) >> FRACTION);
export const smaller = (a: Fixed, b: Fixed): Fixed => {
  if (a < b) return a;
  return b;
};
export const larger = (a: Fixed, b: Fixed): Fixed => -smaller(-a, -b);
/** Zero where the divisor is zero. */
export const divide = (a: Fixed, b: Fixed): Fixed => (b === 0n ? 0n : saturate((a << FRACTION) / b));
export const sum = (values: Iterable<Fixed>): Fixed => {
  let total = ZERO;
  for (const value of values) total = add(total, value);
  return total;
};

/** A proportion 0–1 as u16, rounded down. */
export const toU16 = (proportion: Fixed): number => {
  const scaled = Number(multiply(proportion, fromInteger(U16_MAX)) >> FRACTION);
  return Math.max(0, Math.min(U16_MAX, scaled));
};

/** `amount · proportion`, rounded down to a whole unit. */
export const scaleAmount = (amount: bigint, proportion: Fixed): bigint => (amount * proportion) >> FRACTION;

/** Scales so that the values sum to one; a vector that sums to zero stays as it is. */
export const normalize = (values: readonly Fixed[], total: Fixed = sum(values)): readonly Fixed[] =>
  total === ZERO ? values : values.map((value) => divide(value, total));

/** Shares of amounts too large for 32 integer bits: divided in 64.64, then cut to 32.32. */
export const shares = (amounts: readonly bigint[]): readonly Fixed[] => {
  const total = amounts.reduce((a, b) => a + b, 0n);
  return amounts.map((amount) => (total === 0n ? ZERO : ((amount << 64n) / total) >> 32n));
};

/** Scales u16 values so that the largest becomes 65535, rounded to nearest: how subtensor stores a row of weights. */
export const maxUpscaleU16 = (values: readonly number[]): readonly number[] => {
  const largest = Math.max(0, ...values);
  if (largest === 0) return values;
  const top = fromInteger(U16_MAX);
  const peak = fromInteger(largest);
  const half = ONE >> 1n;
  return values.map((value) => {
    const scaled =
      largest > 32768
        ? multiply(fromInteger(value), divide(top, peak))
        : divide(multiply(fromInteger(value), top), peak);
    return Number((scaled + half) >> FRACTION);
  });
};
