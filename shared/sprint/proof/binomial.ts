import { incompleteBetaQuantile } from "#shared/util/incomplete-beta.js";

/** P(X = k) of a binomial with n trials of probability p in (0, 1). */
const mass = (k: number, n: number, p: number): number => {
  let log = k * Math.log(p) + (n - k) * Math.log1p(-p);
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return Math.exp(log);
};

/** P(X < k): the sum of its terms, none of which is a difference. */
export const binomialBelow = (k: number, n: number, p: number): number => {
  let sum = 0;
  for (let i = 0; i < k; i++) sum += mass(i, n, p);
  return sum;
};

/** P(X ≥ k): above the mean the sum of its terms, so that a small tail is exact to its own last digits. */
export const binomialAtLeast = (k: number, n: number, p: number): number => {
  if (k <= n * p) return 1 - binomialBelow(k, n, p);
  let sum = 0;
  let term = k <= n ? mass(k, n, p) : 0;
  for (let i = k; term > sum * 1e-18; i++) {
    sum += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return sum;
};

/** Lower and upper bound of an interval. */
export type Interval = readonly [low: number, high: number];

/**
 * The exact interval of a probability after `successes` of `trials` (Clopper and Pearson, Biometrika 26, 1934): each bound is the probability
 * at which so many or more, or so many or fewer, have half of 1 − confidence.
 */
export const binomialInterval = (successes: number, trials: number, confidence: number): Interval => {
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return [
    successes === 0 ? 0 : incompleteBetaQuantile(tail, successes, failures + 1),
    failures === 0 ? 1 : incompleteBetaQuantile(1 - tail, successes + 1, failures),
  ];
};
