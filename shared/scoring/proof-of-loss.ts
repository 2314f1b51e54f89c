import { studentQuantile } from "./student-t.js";

export interface LossScore {
  readonly verdict: "scored";
  /** Mean of `before − after`, in the losses' unit (nats per token). */
  readonly lossReduction: number;
  /** Standard error of that mean. */
  readonly standardError: number;
  /** One-sided lower confidence bound of that mean. */
  readonly lowerBound: number;
  /** `max(0, lowerBound)` */
  readonly score: number;
}

export type LossVerdict =
  | LossScore
  | { readonly verdict: "rejected"; readonly reason: "non_finite_loss" }
  | { readonly verdict: "abstained"; readonly reason: "validator_failed" };

/**
 * Scores an update by the losses of the same batches without it and with it. The score is the lower bound of Student's
 * one-sided confidence interval for the mean paired difference, cut at zero: an update that only adds noise earns nothing in
 * at least `confidence` of all cycles, where the cut mean itself would pay half of all noise.
 *
 * A non-finite loss without the update is the validator's own failure; with it, the update's. Neither is ever left out of the mean.
 *
 * @param before     base model, one loss a batch, at least 2
 * @param after      the same batches with the update applied
 * @param confidence in (0.5, 1)
 */
export const proofOfLoss = (before: readonly number[], after: readonly number[], confidence: number): LossVerdict => {
  const n = before.length;
  if (n < 2 || after.length !== n)
    throw new RangeError(`paired losses of at least 2 batches, not ${n} and ${after.length}`);
  if (!before.every(Number.isFinite)) return { verdict: "abstained", reason: "validator_failed" };
  if (!after.every(Number.isFinite)) return { verdict: "rejected", reason: "non_finite_loss" };

  const differences = before.map((loss, batch) => loss - after[batch]!);
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  const standardError = Math.sqrt(variance / n);
  const lowerBound = mean - studentQuantile(confidence, n - 1) * standardError;
  if (!Number.isFinite(lowerBound)) return { verdict: "rejected", reason: "non_finite_loss" };
  return { verdict: "scored", lossReduction: mean, standardError, lowerBound, score: Math.max(0, lowerBound) };
};
