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
  /** Part of a group's pool that its miners get, for the cycles in which its model improved, as `paidPart` says; all of it unless given. */
  readonly paid?: (group: string) => number;
  /** Share of what is paid that the owner's uid gets. */
  readonly burn: number;
  /** The subnet owner's uid: what a group leaves unearned, does not improve for, and what is burned, goes there: the chain burns it. */
  readonly ownerUid: number;
}

/**
 * Shares by uid, summing to 1. All groups have the same pool, so that no group drains another. Within a group the curve divides by scores, and each
 * part counts times its independence: what the curve pays for one training is divided among those that submitted it.
 */
export const groupRewards = ({
  groups,
  curve,
  paid = () => 1,
  burn,
  ownerUid,
}: GroupRewardInputs): ReadonlyMap<number, number> => {
  const shares = new Map<number, number>();
  const pay = (uid: number, share: number) => {
    if (share > 0) shares.set(uid, (shares.get(uid) ?? 0) + share);
  };
  const pool = 1 / groups.size;
  for (const [group, ranked] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const parts = curve(ranked.map(({ score }) => score));
    const earned = normalise(ranked.map(({ independence }, place) => (parts[place] ?? 0) * independence));
    const isEarned = earned.some((share) => share > 0);
    const miners = isEarned ? (1 - burn) * paid(group) : 0;
    pay(ownerUid, pool * (1 - miners));
    for (const [place, { uid }] of ranked.entries()) pay(uid, pool * miners * (earned[place] ?? 0));
  }
  return shares;
};
