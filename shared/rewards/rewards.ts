import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { RewardCurve } from "./curves/curve.js";

export interface Payee {
  readonly uid: number;
  readonly score: number;
  /** About 1 for independent work among equals. */
  readonly independence: number;
}

export interface GroupRewardInputs {
  /** Every group of the network → its miners, best first. */
  readonly groups: ReadonlyMap<string, readonly Payee[]>;
  readonly curve: RewardCurve;
  /** Part of a group's pool that its miners get, for the cycles in which its model improved, as `paidPart` gives it. Default: all. */
  readonly paid?: (group: string) => number;
  /** Part of what a miner earned that it gets, by uid, from 0 to 1: the rest goes to the owner's uid. Default: all. */
  readonly gate?: ((uid: number) => number) | undefined;
  /** What becomes of what miners earned, uid → share, after the gate: the owner's uid gets what is missing from the sum. Default: it is theirs. */
  readonly divide?: ((earned: ReadonlyMap<number, number>) => ReadonlyMap<number, number>) | undefined;
  /** The owner uid's share of what is paid. */
  readonly burn: number;
  /**
   * The subnet owner's uid. It gets what a group does not earn, what a group without improvement is not paid, what a miner does not get of
   * its pay, and `burn`. The chain burns this. Null: it is nobody's, and missing from the shares.
   */
  readonly ownerUid: number | null;
}

/**
 * Shares by uid, summing to 1 where there is an owner's uid. All groups have pools of the same size, so that no group drains another. Within a group
 * the curve divides the pool by scores and by the miners' independence: several submissions of one training share what the curve pays for that
 * training.
 */
export const groupRewards = ({
  groups,
  curve,
  paid = () => 1,
  gate,
  divide,
  burn,
  ownerUid,
}: GroupRewardInputs): ReadonlyMap<number, number> => {
  const shares = new Map<number, number>();
  const add = (to: Map<number, number>, uid: number, share: number) => {
    if (share > 0) to.set(uid, (to.get(uid) ?? 0) + share);
  };
  const pay = (uid: number | null, share: number) => {
    if (uid !== null) add(shares, uid, share);
  };
  /** What miners earned in all groups, where it is divided. */
  const divided = new Map<number, number>();
  const pool = 1 / groups.size;
  for (const [group, ranked] of [...groups].sort(([a], [b]) => compareTexts(a, b))) {
    const earned = curve(
      ranked.map(({ score }) => score),
      ranked.map(({ independence }) => independence),
    );
    const isEarned = earned.some((share) => share > 0);
    const miners = isEarned ? (1 - burn) * paid(group) : 0;
    pay(ownerUid, pool * (1 - miners));
    for (const [place, { uid }] of ranked.entries()) {
      const share = pool * miners * (earned[place] ?? 0);
      const got = gate ? share * gate(uid) : share;
      add(divide ? divided : shares, uid, got);
      pay(ownerUid, share - got);
    }
  }
  if (!divide) return shares;
  const sum = (parts: ReadonlyMap<number, number>) => [...parts.values()].reduce((total, share) => total + share, 0);
  const got = divide(divided);
  for (const [uid, share] of got) pay(uid, share);
  pay(ownerUid, sum(divided) - sum(got));
  return shares;
};
