import type { RewardCurve } from "./curve.js";

export interface Identities {
  /** Scores of all other miners. */
  readonly field: readonly number[];
  /** The score of each of one's own identities. */
  readonly score: number;
  readonly identities: number;
}

/** The income of that many identities with the same score together, as a share of the pool. Ties go to the other miners. */
export const incomeOf = (curve: RewardCurve, { field, score, identities }: Identities): number => {
  const scores = [...field, ...new Array<number>(identities).fill(score)].sort((a, b) => b - a);
  const end = scores.lastIndexOf(score) + 1;
  return curve(scores)
    .slice(end - identities, end)
    .reduce((sum, share) => sum + share, 0);
};
