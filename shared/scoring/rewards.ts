import { normalise, type RewardCurve } from "./curves/curve.js";

export interface Payee {
  readonly uid: number;
  readonly score: number;
  /** About 1 for work of its own among equals. */
  readonly independence: number;
}

export interface GroupRewardInputs {
  /** Every group of the network → its miners, best first. */
  readonly groups: ReadonlyMap<string, readonly Payee[]>;
  readonly curve: RewardCurve;
  /** Share of every pool that the owner's uid gets. */
  readonly burn: number;
  /** The subnet owner's uid: what a group leaves unearned, and what is burned, goes there: the chain burns it. */
  readonly ownerUid: number;
}

/**
 * Shares by uid, summing to 1. All groups have the same pool, so that no group drains another. Within a group the curve divides by scores, and each
 * part counts times its independence: what the curve pays for one training is divided among those that submitted it.
 */
export const groupRewards = ({ groups, curve, burn, ownerUid }: GroupRewardInputs): ReadonlyMap<number, number> => {
  const shares = new Map<number, number>();
  const pay = (uid: number, share: number) => {
    if (share > 0) shares.set(uid, (shares.get(uid) ?? 0) + share);
  };
  const pool = 1 / groups.size;
  for (const [, ranked] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const parts = curve(ranked.map(({ score }) => score));
    const earned = normalise(ranked.map(({ independence }, place) => (parts[place] ?? 0) * independence));
    const isEarned = earned.some((share) => share > 0);
    pay(ownerUid, isEarned ? pool * burn : pool);
    for (const [place, { uid }] of ranked.entries()) pay(uid, pool * (1 - burn) * (earned[place] ?? 0));
  }
  return shares;
};
