import { type Contender, rank } from "./ranking.js";

/** A contender of this cycle: it has an artifact, and the score agreed on for it. */
export interface Submission extends Contender {
  readonly group: string;
  readonly artifact: string;
}

/** A selected submission and its weight in the group's mean. */
export type Selected<T> = T & { readonly share: number };

/**
 * What is merged: per group the `topN` best of this cycle with a positive score, in ascending order of artifact hash, which is the
 * order of the merge's arithmetic. Shares are proportional to the scores and sum to 1 in each group; a group in which nobody
 * improved the model is absent.
 */
export const selectForMerge = <T extends Submission>(
  submissions: readonly T[],
  topN: number,
): ReadonlyMap<string, readonly Selected<T>[]> => {
  const selected = new Map<string, readonly Selected<T>[]>();
  const groups = [...new Set(submissions.map(({ group }) => group))].sort();
  for (const name of groups) {
    const best = rank(submissions.filter(({ group, score }) => group === name && score > 0)).slice(0, topN);
    const inOrder = [...best].sort((a, b) => (a.artifact < b.artifact ? -1 : 1));
    const total = inOrder.reduce((sum, { score }) => sum + score, 0);
    if (inOrder.length > 0) {
      selected.set(
        name,
        inOrder.map((submission) => ({ ...submission, share: submission.score / total })),
      );
    }
  }
  return selected;
};
