import type { RewardCurve } from "./curve.js";

export interface Identities {
  /** Scores of all others. */
  readonly field: readonly number[];
  /** What each of one's own identities scores. */
  readonly score: number;
  readonly identities: number;
}

/** What so many identities with the same score earn together, as a share of the pool. Ties go to the others. */
export const incomeOf = (curve: RewardCurve, { field, score, identities }: Identities): number => {
  const scores = [...field, ...new Array<number>(identities).fill(score)].sort((a, b) => b - a);
  const end = scores.lastIndexOf(score) + 1;
  return curve(scores)
    .slice(end - identities, end)
    .reduce((sum, share) => sum + share, 0);
};
