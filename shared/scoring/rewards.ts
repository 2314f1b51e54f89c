/** Scores, best first → shares of one pool in the same order: non-negative, summing to 1, or all 0 when nothing is earned. */
export type RewardCurve = (scores: readonly number[]) => readonly number[];

/**
 * The first `topN` with a positive score are paid; each earns `ratio` times what the next one does. `ratio` 1 pays all alike,
 * a large one lets the winner take nearly all.
 */
export const topNTakeMost = ({ topN, ratio }: { readonly topN: number; readonly ratio: number }): RewardCurve => {
  if (!(topN >= 1) || !(ratio >= 1)) throw new RangeError("topN and ratio are at least 1");
  return (scores) => {
    let next = 1;
    const parts = scores.map((score, place) => {
      if (place >= topN || !(score > 0)) return 0;
      const part = next;
      next /= ratio;
      return part;
    });
    const total = parts.reduce((sum, part) => sum + part, 0);
    return total === 0 ? parts : parts.map((part) => part / total);
  };
};

export interface GroupRewardInputs {
  /** Every group of the network → its miners, best first. */
  readonly groups: ReadonlyMap<string, readonly { readonly uid: number; readonly score: number }[]>;
  readonly curve: RewardCurve;
  /** The subnet owner's uid: what a group leaves unearned goes there, where the chain burns it. */
  readonly ownerUid: number;
}

/** Shares by uid, summing to 1. All groups have the same pool, so that no group drains another. */
export const groupRewards = ({ groups, curve, ownerUid }: GroupRewardInputs): ReadonlyMap<number, number> => {
  const shares = new Map<number, number>();
  const pay = (uid: number, share: number) => {
    if (share > 0) shares.set(uid, (shares.get(uid) ?? 0) + share);
  };
  const pool = 1 / groups.size;
  for (const [, ranked] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const earned = curve(ranked.map(({ score }) => score));
    if (!earned.some((share) => share > 0)) pay(ownerUid, pool);
    for (const [place, { uid }] of ranked.entries()) pay(uid, pool * (earned[place] ?? 0));
  }
  return shares;
};
