/** From measured losses to pay: Proof-of-Loss, ranking, selection for the merge, reward curves, weights. Pure functions. */

export { type Selected, selectAll, selectForMerge } from "#shared/merge/selection.js";
export type { RewardCurve } from "#shared/rewards/curves/curve.js";
export { type CurveSettings, rewardCurve } from "#shared/rewards/curves/reward-curve.js";
export { type Contender, rank } from "#shared/rewards/ranking.js";
export { toWeights } from "#shared/rewards/weights.js";
export { type LossScore, type LossVerdict, proofOfLoss, type ScoreRules } from "#shared/scoring/proof-of-loss.js";
