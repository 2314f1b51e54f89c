import { incompleteBeta } from "#shared/util/incomplete-beta.js";

/** A weight in nonces, and the interval of the number of nonces behind it. */
export interface WeightInterval {
  readonly weight: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The number of nonces that V wins at difficulty D speak for: V·D, and its two-sided interval. V is binomial(N, 1/D), so the bounds are the N at
 * which V or more wins, and V or fewer, have half of 1 − confidence (Clopper and Pearson, 1934, solved for the number of trials; at large D the
 * interval of Garwood, 1936, for a Poisson mean). Bounds are rounded outwards to whole nonces; at D = 1 every nonce wins, and both are V.
 *
 * @param wins       V, an integer of at least 0
 * @param difficulty D, an integer of at least 1
 * @param confidence in (0, 1)
 */
export const winsWeight = (wins: number, difficulty: number, confidence = 0.95): WeightInterval => {
  if (!Number.isInteger(wins) || wins < 0) throw new RangeError(`not a number of wins: ${wins}`);
  if (!Number.isInteger(difficulty) || difficulty < 1) throw new RangeError(`not a difficulty: ${difficulty}`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`not a confidence in (0, 1): ${confidence}`);
  const weight = wins * difficulty;
  if (difficulty === 1) return { weight, low: wins, high: wins };
  const tail = (1 - confidence) / 2;
  const rate = 1 / difficulty;
  /** P(X ≥ k) among n trials, n real. */
  const atLeast = (k: number, n: number): number => (n < k ? 0 : incompleteBeta(rate, k, n - k + 1));
  return {
    weight,
    low: wins === 0 ? 0 : Math.floor(trialsAt((n) => atLeast(wins, n) < tail, wins, weight)),
    high: Math.ceil(trialsAt((n) => 1 - atLeast(wins + 1, n) > tail, wins, weight + difficulty)),
  };
};

/** The number of trials at which `isBelow` ends to hold, to a thousandth. */
const trialsAt = (isBelow: (n: number) => boolean, least: number, guess: number): number => {
  let [low, high] = [least, Math.max(guess, 1)];
  while (isBelow(high)) [low, high] = [high, 2 * high];
  while (high - low > 1e-3) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
};
