import { MAX_LOSS } from "#shared/protocol/report.js";
import { power } from "./portable-math.js";
import { studentQuantile } from "./student-t.js";

export interface ScoreRules {
  /** One-sided, in (0.5, 1). */
  readonly confidence: number;
  /** Power to which the bound is raised: above 1 favours the best, below 1 evens out the scores. */
  readonly exponent: number;
}

export interface LossScore {
  readonly verdict: "scored";
  /** Mean of `before − after`, in the losses' unit (nats per token). */
  readonly lossReduction: number;
  /** Standard error of that mean. */
  readonly standardError: number;
  /** One-sided lower confidence bound of that mean. */
  readonly lowerBound: number;
  /** `max(0, lowerBound) ^ exponent` */
  readonly score: number;
}

export type LossFailure =
  | { readonly verdict: "rejected"; readonly reason: "non_finite_loss" }
  | { readonly verdict: "abstained"; readonly reason: "validator_failed" };

export type LossVerdict = LossScore | LossFailure;

/**
 * Scores an update by the losses of the same batches without it and with it. The score is the lower bound of Student's one-sided confidence
 * interval for the mean paired difference, cut at zero. An update that only adds noise earns nothing in at least `confidence` of all
 * cycles. A score from the cut mean itself would pay half of all noise.
 *
 * A loss must be finite and at most `MAX_LOSS` in magnitude. If a loss without the update is not, this is the validator's own failure; if
 * one with the update is not, it is the update's. Neither is ever left out of the mean.
 *
 * @param before base model, one loss per batch, at least 2
 * @param after  the same batches with the update applied
 */
export const proofOfLoss = (
  before: readonly number[],
  after: readonly number[],
  { confidence, exponent }: ScoreRules,
): LossVerdict => {
  const n = before.length;
  if (n < 2 || after.length !== n)
    throw new RangeError(`paired losses of at least 2 batches, not ${n} and ${after.length}`);
  if (!before.every(isLoss)) return { verdict: "abstained", reason: "validator_failed" };
  if (!after.every(isLoss)) return { verdict: "rejected", reason: "non_finite_loss" };

  const { mean, deviation } = spreadOf(before.map((loss, batch) => loss - after[batch]!));
  const standardError = deviation / Math.sqrt(n);
  const lowerBound = mean - studentQuantile(confidence, n - 1) * standardError;
  const score = toScore(lowerBound, exponent);
  return { verdict: "scored", lossReduction: mean, standardError, lowerBound, score };
};

/** False for NaN. */
const isLoss = (loss: number): boolean => Math.abs(loss) <= MAX_LOSS;

/** The score that a lower bound of the loss reduction earns. The same bits on every machine. */
export const toScore = (lowerBound: number, exponent: number): number => power(Math.max(0, lowerBound), exponent);

/** Mean and standard deviation (n − 1) of at least 2 numbers. */
export const spreadOf = (values: readonly number[]): { readonly mean: number; readonly deviation: number } => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
};
