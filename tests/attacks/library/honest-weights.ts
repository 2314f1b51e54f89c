import type { ReportEntry } from "#shared/protocol/report.js";
import { toWeights } from "#shared/rewards/weights.js";

/** What weights are made of. */
export type Weighed = Pick<ReportEntry, "uid" | "group" | "score" | "independence">;

/** Among whom pay is divided. */
export interface Pools {
  /** All of the network's, whose pools are equal. */
  readonly groups: readonly string[];
  /** The uid that is given the pool of a group in which nobody earned anything. */
  readonly owner: number;
}

/**
 * Weights by what was measured in one cycle, by the exponent of the default curve. What nobody earned is the owner's, as honest validators have it:
 * where a liar's weights leave that out, Yuma pays all miners more, whatever its reports say.
 */
export const honestWeights = (
  measured: readonly Weighed[],
  { groups, owner }: Pools,
): readonly (readonly [uid: number, weight: number])[] => {
  const shares = new Map<number, number>();
  const give = (uid: number, share: number) => shares.set(uid, (shares.get(uid) ?? 0) + share);
  for (const group of groups) {
    const merits = measured
      .filter((entry) => entry.group === group)
      .map(({ uid, score, independence }) => [uid, score ** 2.5 * (independence ?? 0)] as const);
    const total = merits.reduce((sum, [, merit]) => sum + merit, 0);
    if (total === 0) give(owner, 1);
    else for (const [uid, merit] of merits) give(uid, merit / total);
  }
  return toWeights(shares);
};
