/** A sequential probability ratio test (Wald, "Sequential Tests of Statistical Hypotheses", 1945) of events that happen or do not. */
export interface Sprt {
  /** Probability of an event of whoever is honest. */
  readonly honest: number;
  /** Probability of an event of a cheat; above `honest`. */
  readonly cheat: number;
  /** Greatest probability that an honest one is found bad, and a cheat good. */
  readonly alpha: number;
  readonly beta: number;
}

/** Log-likelihood ratios in whole millionths of a nat: sums are exact, so that everybody decides at the same trial. */
export interface SprtSteps {
  /** Of an event, above 0; of a trial without one, below 0. */
  readonly event: number;
  readonly none: number;
  /** Bad at this and above, good at this and below. */
  readonly bad: number;
  readonly good: number;
}

const millionths = (nats: number): number => Math.round(nats * 1e6);

/** Steps ln(p₁/p₀) and ln((1 − p₁)/(1 − p₀)), bounds ln((1 − β)/α) and ln(β/(1 − α)). */
export const sprtSteps = ({ honest, cheat, alpha, beta }: Sprt): SprtSteps => ({
  event: millionths(Math.log(cheat / honest)),
  none: millionths(Math.log((1 - cheat) / (1 - honest))),
  bad: millionths(Math.log((1 - beta) / alpha)),
  good: millionths(Math.log(beta / (1 - alpha))),
});
