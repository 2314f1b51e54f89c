import { type Sprt, sprtSteps } from "#shared/util/sprt-steps.js";

/** What a test does with hosts of one rate of mismatches. */
export interface SprtPower {
  /** Probability of the verdict "bad". */
  readonly bad: number;
  /** Mean number of trials until a verdict. */
  readonly meanTrials: number;
}

/** Probability that may be left undecided in `sprtPower`. */
const LEFT = 1e-12;

/** Trials after which `sprtPower` gives up: far beyond the tests of `SPRTS`. */
const MOST_TRIALS = 100_000;

/**
 * What the test does with hosts whose items mismatch with probability `rate`, when it is asked after each trial: exactly, by the recursion over
 * trials of the probability of each number of mismatches that is still undecided. @throws RangeError where it does not end
 */
export const sprtPower = (test: Sprt, rate: number): SprtPower => {
  const { event, none, bad: upper, good: lower } = sprtSteps(test);
  let open = new Map([[0, 1]]);
  let [bad, meanTrials, left] = [0, 0, 1];
  for (let trial = 1; left > LEFT; trial++) {
    if (trial > MOST_TRIALS) throw new RangeError(`undecided with probability ${left} after ${MOST_TRIALS} trials`);
    meanTrials += left;
    const next = new Map<number, number>();
    left = 0;
    for (const [mismatches, probability] of open)
      for (const [count, share] of [
        [mismatches, probability * (1 - rate)],
        [mismatches + 1, probability * rate],
      ] as const) {
        const ratio = count * event + (trial - count) * none;
        if (ratio >= upper) bad += share;
        else if (ratio > lower) {
          next.set(count, (next.get(count) ?? 0) + share);
          left += share;
        }
      }
    open = next;
  }
  return { bad, meanTrials };
};

/** Wald's approximations, which leave out by how much a bound is overshot: mean trials until a verdict on a good and on a bad host. */
export const waldTrials = (test: Sprt): { readonly good: number; readonly bad: number } => {
  const { honest, cheat, alpha, beta } = test;
  const { event, none, bad, good } = sprtSteps(test);
  const drift = (rate: number): number => rate * event + (1 - rate) * none;
  return {
    good: ((1 - alpha) * good + alpha * bad) / drift(honest),
    bad: (beta * good + (1 - beta) * bad) / drift(cheat),
  };
};

/** The rate of mismatches at which the log-likelihood ratio stays where it is on average. Whoever keeps below it is cleared in the long run. */
export const indifference = (test: Sprt): number => {
  const { event, none } = sprtSteps(test);
  return -none / (event - none);
};
