/** From measured losses to pay: Proof-of-Loss, ranking, selection for the merge, reward curves, weights. Pure functions. */
export type { RewardCurve } from "#shared/scoring/curves/curve.js";
export { type CurveSettings, rewardCurve } from "#shared/scoring/curves/reward-curve.js";
export { type LossScore, type LossVerdict, proofOfLoss, type ScoreRules } from "#shared/scoring/proof-of-loss.js";
export { type Contender, rank } from "#shared/scoring/ranking.js";
export { type Selected, selectAll, selectForMerge } from "#shared/scoring/selection.js";
export { toWeights } from "#shared/scoring/weights.js";
