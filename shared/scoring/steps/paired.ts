import { spreadOf } from "../proof-of-loss.js";

/** By how much a step reduces the loss, nats per token. */
export interface StepReduction {
  readonly mean: number;
  readonly standardError: number;
  readonly batches: number;
}

/** Mean paired reduction of batches' losses; that of a step after which a loss is not finite is −∞. */
export const paired = (before: readonly number[], after: readonly number[]): StepReduction => {
  if (after.length < 2 || !after.every(Number.isFinite))
    return { mean: Number.NEGATIVE_INFINITY, standardError: 0, batches: after.length };
  const { mean, deviation } = spreadOf(after.map((loss, i) => before[i]! - loss));
  return { mean, standardError: deviation / Math.sqrt(after.length), batches: after.length };
};
