import { type Sprt, sprtSteps } from "#shared/util/sprt-steps.js";

/** A host's evidence so far: items checked, and how many did not match. Two integers, so it can be written into signed documents. */
export interface SprtState {
  readonly trials: number;
  readonly mismatches: number;
}

export const NO_TRIALS: SprtState = { trials: 0, mismatches: 0 };

/** `open` means that more trials are needed. */
export type SprtVerdict = "good" | "bad" | "open";

const rates = { alpha: 1e-4, beta: 0.01 } as const;

/** The sequential tests of the classes of work: an event is an item that does not match. */
export const SPRTS = {
  floatSameClass: { honest: 1e-4, cheat: 0.02, ...rates },
  floatMixed: { honest: 1e-3, cheat: 0.02, ...rates },
  logProbability: { honest: 5e-3, cheat: 0.05, ...rates },
} as const satisfies Readonly<Record<string, Sprt>>;

/** The log-likelihood ratio of the evidence, millionths of a nat. */
export const sprtRatio = (test: Sprt, { trials, mismatches }: SprtState): number => {
  const { event, none } = sprtSteps(test);
  return mismatches * event + (trials - mismatches) * none;
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
  return { state: verdict === "open" ? sum : NO_TRIALS, verdict };
};
