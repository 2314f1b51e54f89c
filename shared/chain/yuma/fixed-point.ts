/**
 * Fixed point with 32 binary digits after the point, as an integer number of 2⁻³². Gives exactly the results of `I32F32`, in which
 * subtensor computes its epochs. Products and quotients are rounded down. Values stay below 2⁵ (proportions and small sums of them), so a
 * double holds every intermediate. Amounts of tokens are bigints.
 */
export type Fixed = number;

const HALF_WORD = 2 ** 16;
const FRACTION = 32n;
export const ZERO: Fixed = 0;
export const ONE: Fixed = 2 ** 32;
export const U16_MAX = 65535;

export const multiply = (a: Fixed, b: Fixed): Fixed => {
  const high = Math.floor(a / HALF_WORD);
  const low = a - high * HALF_WORD;
  return Math.floor((high * b + Math.floor((low * b) / HALF_WORD)) / HALF_WORD);
};

/** Sixteen binary digits at a time. Zero if the divisor is zero. */
export const divide = (a: Fixed, b: Fixed): Fixed => {
  if (b === ZERO) return ZERO;
  const high = Math.floor((a * HALF_WORD) / b);
  const rest = a * HALF_WORD - high * b;
  return high * HALF_WORD + Math.floor((rest * HALF_WORD) / b);
};

/** `part / whole` of two integers, the part below 2²⁰. Zero if the whole is zero. */
export const share = (part: number, whole: number): Fixed => (whole === 0 ? ZERO : Math.floor((part * ONE) / whole));

export const sum = (values: Iterable<Fixed>): Fixed => {
  let total = ZERO;
  for (const value of values) total += value;
  return total;
};

/** A proportion 0–1 as u16, rounded down. */
export const toU16 = (proportion: Fixed): number =>
  Math.max(0, Math.min(U16_MAX, Math.floor((proportion * U16_MAX) / ONE)));

/** `amount · proportion`, rounded down to a whole unit. */
export const scaleAmount = (amount: bigint, proportion: Fixed): bigint => (amount * BigInt(proportion)) >> FRACTION;

/** `part / total` of amounts, at most one. Zero if the total is zero. */
export const ratio = (part: bigint, total: bigint): Fixed => (total === 0n ? ZERO : Number((part << FRACTION) / total));

/** Each amount's share of the total. */
export const shares = (amounts: readonly bigint[]): readonly Fixed[] => {
  const total = amounts.reduce((a, b) => a + b, 0n);
  return amounts.map((amount) => ratio(amount, total));
};

/** Scales so that the values sum to one. A vector that sums to zero stays as it is. */
export const normalize = (values: readonly Fixed[], total: Fixed = sum(values)): readonly Fixed[] =>
  total === ZERO ? values : values.map((value) => divide(value, total));

/** Scales proportions so that the largest becomes 65535, as u16, rounded to nearest. */
export const maxUpscale = (values: readonly Fixed[]): readonly number[] => {
  const largest = Math.max(ZERO, ...values);
  return largest === ZERO ? values.map(() => 0) : values.map((value) => roundedQuotient(value * U16_MAX, largest));
};

/** The same for u16: the form in which subtensor stores a row of weights. */
export const maxUpscaleU16 = (values: readonly number[]): readonly number[] => {
  const largest = Math.max(0, ...values);
  if (largest <= 32768) return maxUpscale(values);
  // Here the runtime divides first. The digits that the quotient loses may turn an exact half downwards.
  const factor = share(U16_MAX, largest);
  return values.map((value) => roundedQuotient(value * factor, ONE));
};

/** Rounded to nearest, halves up. */
const roundedQuotient = (a: number, b: number): number => {
  const quotient = Math.floor(a / b);
  return 2 * (a - quotient * b) >= b ? quotient + 1 : quotient;
};

/** Whether no value has more than a share (u16 of one) of the sum. */
export const isShareLimited = (values: readonly number[], limit: number): boolean => {
  const whole = values.reduce((a, b) => a + b, 0);
  return values.every((value) => share(value, whole) <= share(limit, U16_MAX));
};
