/**
 * Iₓ(a, b), the regularised incomplete beta function: P(X ≤ x) of a Beta(a, b), and P(at least a of a + b − 1) of a binomial. By the continued
 * fraction of DLMF 8.17.22, evaluated as in Lentz (1976), on the side where it converges fast. The error is that of ln Γ(a + b), whose last
 * digit is lost: 10⁻¹⁴ at a + b = 100, 10⁻¹¹ at 10⁴, 10⁻⁸ at 10⁷.
 *
 * @param x in [0, 1]
 * @param a above 0
 * @param b above 0
 */
export const incompleteBeta = (x: number, a: number, b: number): number => {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) throw new RangeError(`no incomplete beta at ${x} of (${a}, ${b})`);
  if (x === 0 || x === 1) return x;
  return x > (a + 1) / (a + b + 2) ? 1 - lower(1 - x, b, a) : lower(x, a, b);
};

const lower = (x: number, a: number, b: number): number => {
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  let [c, d] = [1, 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny)];
  let fraction = d;
  for (let m = 1; m <= MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d, tiny);
    c = nonZero(1 + even / c, tiny);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d, tiny);
    c = nonZero(1 + odd / c, tiny);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * fraction;
};

/** The fraction needs about √max(a, b) terms. */
const MOST_TERMS = 100_000;

const nonZero = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value);

/** ln Γ(x) for x > 0, by Stirling's series (DLMF 5.11.1) above 15, carried there by Γ(x + 1) = x·Γ(x). */
const logGamma = (x: number): number => {
  let [at, shift] = [x, 0];
  for (; at < 15; at++) shift -= Math.log(at);
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return shift + (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series;
};

/**
 * The x with Iₓ(a, b) = `probability`: bisection to the last bit.
 *
 * @param probability in (0, 1)
 */
export const incompleteBetaQuantile = (probability: number, a: number, b: number): number => {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`not a probability in (0, 1): ${probability}`);
  let [low, high] = [0, 1];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (incompleteBeta(middle, a, b) < probability) low = middle;
    else high = middle;
  }
};
