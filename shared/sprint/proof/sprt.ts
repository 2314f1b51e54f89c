/** A sequential probability ratio test over a host's cycles (Wald, "Sequential Tests of Statistical Hypotheses", 1945). */
export interface Sprt {
  /** Probability of a mismatch per item of an honest host. */
  readonly honest: number;
  /** Share of false items of a cheat. */
  readonly cheat: number;
  /** Greatest probability that an honest host is found bad, and a cheat good. */
  readonly alpha: number;
  readonly beta: number;
}

/** A host's evidence so far: items checked, and how many did not match. Two integers, so it can be written into signed documents. */
export interface SprtState {
  readonly trials: number;
  readonly mismatches: number;
}

export const NO_EVIDENCE: SprtState = { trials: 0, mismatches: 0 };

/** `open` means that more trials are needed. */
export type SprtVerdict = "good" | "bad" | "open";

const rates = { alpha: 1e-4, beta: 0.01 } as const;

/** The tests of the classes of work. */
export const SPRTS = {
  floatSameClass: { honest: 1e-4, cheat: 0.02, ...rates },
  floatMixed: { honest: 1e-3, cheat: 0.02, ...rates },
  logProbability: { honest: 5e-3, cheat: 0.05, ...rates },
} as const satisfies Readonly<Record<string, Sprt>>;

/** Log-likelihood ratios in whole millionths of a nat: sums are exact, so that everybody decides at the same trial. */
export interface SprtSteps {
  /** Of a mismatch, above 0; of a match, below 0. */
  readonly mismatch: number;
  readonly match: number;
  /** Bad at this and above, good at this and below. */
  readonly bad: number;
  readonly good: number;
}

const millionths = (nats: number): number => Math.round(nats * 1e6);

/** Steps ln(p₁/p₀) and ln((1 − p₁)/(1 − p₀)), bounds ln((1 − β)/α) and ln(β/(1 − α)). */
export const sprtSteps = ({ honest, cheat, alpha, beta }: Sprt): SprtSteps => ({
  mismatch: millionths(Math.log(cheat / honest)),
  match: millionths(Math.log((1 - cheat) / (1 - honest))),
  bad: millionths(Math.log((1 - beta) / alpha)),
  good: millionths(Math.log(beta / (1 - alpha))),
});

/** The log-likelihood ratio of the evidence, millionths of a nat. */
export const sprtRatio = (test: Sprt, { trials, mismatches }: SprtState): number => {
  const { mismatch, match } = sprtSteps(test);
  return mismatches * mismatch + (trials - mismatches) * match;
};

export const sprtVerdict = (test: Sprt, state: SprtState): SprtVerdict => {
  const { bad, good } = sprtSteps(test);
  const ratio = sprtRatio(test, state);
  return ratio >= bad ? "bad" : ratio <= good ? "good" : "open";
};

/**
 * The evidence with another sample's result, and the verdict. After a verdict the evidence begins anew. A sample is judged as a whole: a
 * bound that was crossed within it and crossed back does not count, which keeps both error rates below their bounds.
 */
export const addEvidence = (
  test: Sprt,
  state: SprtState,
  sample: SprtState,
): { readonly state: SprtState; readonly verdict: SprtVerdict } => {
  const sum = { trials: state.trials + sample.trials, mismatches: state.mismatches + sample.mismatches };
  const verdict = sprtVerdict(test, sum);
  return { state: verdict === "open" ? sum : NO_EVIDENCE, verdict };
};
