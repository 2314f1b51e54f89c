import { normalise, type RewardCurve } from "./curve.js";

export interface Proportional {
  /** 1: pay is proportional to the score. Above 1: better scores are paid more than proportionally. */
  readonly exponent: number;
}

/** Pay in proportion to a power of the score: the one curve without jumps. */
export const proportional = ({ exponent }: Proportional): RewardCurve => {
  return (scores, independence) => {
    // Relative to the best, so that no power underflows or overflows.
    const best = Math.max(0, ...scores);
    return normalise(scores.map((score, i) => (score > 0 ? (score / best) ** exponent * (independence?.[i] ?? 1) : 0)));
  };
};
