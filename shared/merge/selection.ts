import { compareTexts } from "#shared/protocol/compare-texts.js";
import { type Contender, rank } from "#shared/rewards/ranking.js";

/** A contender of this cycle with its artifact and the outcome that was agreed for it. */
export interface MergeContender extends Contender {
  readonly group: string;
  readonly artifact: string;
  /** Null counts as 0. */
  readonly independence: number | null;
}

/** A selected submission, its weight in the group's mean, and how much it has to say of what length is usual, if that is not its share. */
export type Selected<T> = T & { readonly share: number; readonly voice?: number };

/**
 * The updates to merge: per group the `topN` of this cycle with the largest positive merit (score times independence), in ascending order
 * of artifact hash, which is the order of the merge's arithmetic. Shares are proportional to merits and sum to 1 in each group. A group in
 * which nobody improved the model is absent. So copies of one training together weigh as much as that training, and take no place from
 * others.
 */
export const selectForMerge = <T extends MergeContender>(
  submissions: readonly T[],
  topN: number,
): ReadonlyMap<string, readonly Selected<T>[]> => {
  const selected = new Map<string, readonly Selected<T>[]>();
  const groups = [...new Set(submissions.map(({ group }) => group))].sort();
  for (const name of groups) {
    const merited = submissions
      .filter(({ group }) => group === name)
      .map((submission) => ({ ...submission, submission, score: meritOf(submission) }))
      .filter(({ score }) => score > 0);
    const inOrder = [...rank(merited).slice(0, topN)].sort((a, b) => compareTexts(a.artifact, b.artifact));
    const total = inOrder.reduce((sum, { score }) => sum + score, 0);
    if (inOrder.length > 0) {
      selected.set(
        name,
        inOrder.map(({ submission, score }) => ({ ...submission, share: score / total })),
      );
    }
  }
  return selected;
};

const meritOf = ({ score, independence }: Pick<MergeContender, "score" | "independence">): number =>
  score * (independence ?? 0);

/**
 * The updates of a step along all updates: per group the `topN` with the highest loss reduction, whether or not any of them certainly
 * lowers the loss, with equal shares, in the order of the merge's arithmetic. The mean of updates has less noise than each update, so it
 * may lower the loss even if no single update does. This is measured before the step is taken. What length is usual is said by those that
 * lower the loss, by how much they do: updates of next to nothing would say it by their number.
 */
export const selectAll = <T extends MergeContender & { readonly lossReduction: number | null }>(
  submissions: readonly T[],
  topN: number,
): ReadonlyMap<string, readonly Selected<T>[]> => {
  const groups = [...new Set(submissions.map(({ group }) => group))].sort();
  return new Map(
    groups.map((name) => {
      const own = submissions.filter(({ group }) => group === name);
      const best = rank(own.map((one) => ({ ...one, score: one.lossReduction ?? Number.NEGATIVE_INFINITY, one })))
        .slice(0, topN)
        .map(({ one }) => one);
      const share = 1 / best.length;
      const gains = best.map(({ lossReduction }) => Math.max(0, lossReduction ?? 0));
      const total = gains.reduce((sum, gain) => sum + gain, 0);
      const shared = best.map((one, i) => ({ ...one, share, voice: total > 0 ? gains[i]! / total : share }));
      return [name, shared.sort((a, b) => compareTexts(a.artifact, b.artifact))];
    }),
  );
};
