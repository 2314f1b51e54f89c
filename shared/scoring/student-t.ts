import { atan } from "./portable-math.js";

/** 2 / π */
const TWO_BY_PI = 0.6366197723675814;

/**
 * P(T ≤ t) of Student's t with an integer number of degrees of freedom, by the finite series of Abramowitz & Stegun, Handbook of
 * Mathematical Functions, 26.7.3 (odd) and 26.7.4 (even). The same bits on every machine.
 */
export const studentCdf = (t: number, freedom: number): number => {
  const cosSquared = freedom / (freedom + t * t);
  const sine = t / Math.sqrt(freedom + t * t);
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? Math.sqrt(cosSquared) : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (cosSquared * (k - 1)) / k;
    sum += term;
  }
  const central = isOdd ? TWO_BY_PI * (atan(t / Math.sqrt(freedom)) + sine * sum) : sine * sum;
  return (1 + central) / 2;
};

/**
 * The t with P(T ≤ t) = `probability`: bisection of `studentCdf` to the last bit, the same on every machine.
 *
 * @param probability in (0.5, 1)
 * @param freedom     degrees of freedom, an integer of at least 1
 */
export const studentQuantile = (probability: number, freedom: number): number => {
  if (!(probability > 0.5 && probability < 1)) throw new RangeError(`not a probability in (0.5, 1): ${probability}`);
  if (!Number.isInteger(freedom) || freedom < 1) throw new RangeError(`not a number of degrees of freedom: ${freedom}`);
  let low = 0;
  let high = 1;
  while (studentCdf(high, freedom) < probability) [low, high] = [high, high * 2];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (studentCdf(middle, freedom) < probability) low = middle;
    else high = middle;
  }
};
