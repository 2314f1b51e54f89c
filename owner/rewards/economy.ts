import { DEFAULT_CONFIDENCE } from "#shared/protocol/network-file/default-confidence.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import type { CurveSettings } from "#shared/rewards/curves/reward-curve.js";

/** The rules under which miners earn, and the measuring that stands behind them. */
export interface Economy {
  readonly curve: CurveSettings;
  /** Share of every cycle's pay that goes to the owner's uid, where the chain burns it. */
  readonly burn: number;
  /** Cycles in the mean that decides pay. */
  readonly window: number;
  /** Best updates merged into the model. */
  readonly merged: number;
  /** One-sided confidence of a score. */
  readonly confidence: number;
  /** Power of a score; 1: pay follows loss reduction. */
  readonly exponent: number;
  /** Paired batches of an evaluation. */
  readonly batches: number;
  /** Standard deviation of one batch's paired difference, nats per token. */
  readonly batchNoise: number;
  /** Probability that a copy is recognised. */
  readonly duplicateRecall: number;
  /** How the loss reduction grows with training: `work^concavity`. */
  readonly concavity: number;
  /** What an identity costs a cycle beside its training, in the unit of the emission. */
  readonly identityCost: number;
  /** Emission of a cycle, to miners and validators together. */
  readonly emission: number;
  readonly validators: number;
}

export const TYPICAL_ECONOMY: Economy = {
  curve: DEFAULT_CURVE,
  burn: 0,
  window: 8,
  merged: 8,
  confidence: DEFAULT_CONFIDENCE,
  exponent: 1,
  batches: 24,
  batchNoise: 0.01,
  duplicateRecall: 0.999,
  concavity: 0.5,
  identityCost: 0.005,
  emission: 2,
  validators: 4,
};
