/**
 * Functions that give the same bits on every machine: `+`, `−`, `×`, `÷` and `√` alone, in a fixed order, which IEEE 754 leaves no choice.
 * JavaScript's own `Math.atan`, `Math.log`, `Math.exp` and `**` differ in the last bit from one processor or version to another, and a
 * bound that is a small difference of large numbers makes much of that bit. Errors here are a few units in the last place.
 */

/** ln 2 in two parts, of which the first has zeros enough to be multiplied by a whole number exactly. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const ATAN_HALVINGS = 3;
const ATAN_TERMS = 11;
const LN_TERMS = 11;
const EXP_TERMS = 14;
/** e to a lower power is 0, and to a higher one infinite. */
const EXP_RANGE = [-746, 710] as const;

/** Angle in radians whose tangent is `x`, of at most 10¹⁵⁰ in magnitude: the angle is halved three times, then Gregory's series. */
export const atan = (x: number): number => {
  let tangent = x;
  for (let i = 0; i < ATAN_HALVINGS; i++) tangent /= 1 + Math.sqrt(1 + tangent * tangent);
  return 8 * oddSeries(tangent, -(tangent * tangent), ATAN_TERMS);
};

/** Natural logarithm of a finite number above 0: `2·artanh((m − 1) / (m + 1))` of the part m between 1/√2 and √2, and a multiple of ln 2. */
export const ln = (x: number): number => {
  let [mantissa, exponent] = [x, 0];
  for (; mantissa > Math.SQRT2; exponent++) mantissa /= 2;
  for (; mantissa < Math.SQRT2 / 2; exponent--) mantissa *= 2;
  const tangent = (mantissa - 1) / (mantissa + 1);
  return exponent * LN2_HIGH + (exponent * LN2_LOW + 2 * oddSeries(tangent, tangent * tangent, LN_TERMS));
};

/** e to the power of `x`, by its series around the nearest multiple of ln 2. */
export const exp = (x: number): number => {
  const [least, most] = EXP_RANGE;
  if (x < least) return 0;
  if (x > most) return Number.POSITIVE_INFINITY;
  const doublings = Math.floor(x / Math.LN2 + 0.5);
  const rest = x - doublings * LN2_HIGH - doublings * LN2_LOW;
  let sum = 1;
  for (let n = EXP_TERMS; n > 0; n--) sum = 1 + (sum * rest) / n;
  for (let i = 0; i < doublings; i++) sum *= 2;
  for (let i = 0; i > doublings; i--) sum /= 2;
  return sum;
};

/** `base` to the power of `exponent`, both finite and not negative: the whole part by squaring, what is left by `exp` and `ln`. */
export const power = (base: number, exponent: number): number => {
  const whole = Math.floor(exponent);
  let product = 1;
  let square = base;
  for (let left = whole; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) product *= square;
    square *= square;
  }
  if (exponent === whole) return product;
  return base === 0 ? 0 : product * exp((exponent - whole) * ln(base));
};

/** `x · (1 + square/3 + square²/5 + …)`, the smallest term first. */
const oddSeries = (x: number, square: number, terms: number): number => {
  let sum = 0;
  for (let k = terms - 1; k > 0; k--) sum = square * (1 / (2 * k + 1) + sum);
  return x * (1 + sum);
};
