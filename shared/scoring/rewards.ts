import type { RewardCurve } from "./curves/curve.js";

export interface GroupRewardInputs {
  /** Every group of the network → its miners, best first. */
  readonly groups: ReadonlyMap<string, readonly { readonly uid: number; readonly score: number }[]>;
  readonly curve: RewardCurve;
  /** Share of every pool that the owner's uid gets. */
  readonly burn: number;
  /** The subnet owner's uid: what a group leaves unearned, and what is burned, goes there: the chain burns it. */
  readonly ownerUid: number;
}

/** Shares by uid, summing to 1. All groups have the same pool, so that no group drains another. */
export const groupRewards = ({ groups, curve, burn, ownerUid }: GroupRewardInputs): ReadonlyMap<number, number> => {
  const shares = new Map<number, number>();
  const pay = (uid: number, share: number) => {
    if (share > 0) shares.set(uid, (shares.get(uid) ?? 0) + share);
  };
  const pool = 1 / groups.size;
  for (const [, ranked] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const earned = curve(ranked.map(({ score }) => score));
    const isEarned = earned.some((share) => share > 0);
    pay(ownerUid, isEarned ? pool * burn : pool);
    for (const [place, { uid }] of ranked.entries()) pay(uid, pool * (1 - burn) * (earned[place] ?? 0));
  }
  return shares;
};
