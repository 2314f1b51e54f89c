import type { Network } from "#shared/protocol/network.js";
import { rewardCurve } from "./curves/reward-curve.js";
import { type CycleProgress, paidPart } from "./progress.js";
import { type Contender, rank } from "./ranking.js";
import { groupRewards } from "./rewards.js";
import { toWeights } from "./weights.js";
import { type CycleOutcome, powerOf, windowOf } from "./window.js";

/** What was agreed about one miner in one cycle, and its group: of one that is not scored the group that it revealed for. */
export interface AgreedScore extends CycleOutcome {
  readonly uid: number;
  readonly group: string | null;
}

/**
 * The part of a cycle's outcomes that pay depends on. Without all reports that count it cannot be told that somebody was rejected or abstained
 * on, so only who was scored has a part; the cycle counts as missed for the others.
 *
 * @param isWhole whether every report that counts was available
 */
export const agreedScores = (
  cycle: number,
  { outcomes, isWhole }: { readonly outcomes: readonly Omit<AgreedScore, "cycle">[]; readonly isWhole: boolean },
): readonly AgreedScore[] =>
  outcomes
    .filter(({ verdict }) => isWhole || verdict === "scored")
    .map(({ uid, hotkey, group, verdict, score, independence }) => ({
      cycle,
      uid,
      hotkey,
      group,
      verdict,
      score,
      independence,
    }));

/** Which hotkey holds which uid, by the metagraph. */
export interface Holders {
  readonly ownerHotkey: string;
  readonly neurons: readonly { readonly uid: number; readonly hotkey: string }[];
}

/** A miner's place in its group: `score` and `independence` are means over the window. */
export interface Standing extends Contender {
  readonly uid: number;
  readonly independence: number;
}

/** Every group's miners by their mean score over the window, best first. A miner stands in the group that it last scored in. */
export const groupStandings = (
  { groups, scoring }: Pick<Network, "groups" | "scoring">,
  { neurons }: Holders,
  history: readonly AgreedScore[],
  cycle: number,
): ReadonlyMap<string, readonly Standing[]> => {
  const miners = new Map(Object.keys(groups).map((name) => [name, [] as Standing[]]));
  for (const { uid, hotkey } of neurons) {
    const all = history.filter((entry) => entry.uid === uid && entry.hotkey === hotkey);
    const group = all.findLast(({ verdict }) => verdict === "scored")?.group;
    if (group == null) continue;
    const means = windowOf({
      history: scoresIn(all, group),
      hotkey,
      cycle,
      window: scoring.window,
      power: powerOf(scoring.rewards),
    });
    miners.get(group)?.push({ uid, hotkey, ...means });
  }
  return new Map([...miners].map(([name, standings]) => [name, rank(standings)]));
};

/**
 * Groups differ in how much there is to learn, so scores earned in another group do not count. Nor is a cycle left out that was spent on another
 * group: one that nobody can judge, as its text has ended, would keep a mean for no work.
 */
export const scoresIn = (history: readonly AgreedScore[], group: string): readonly AgreedScore[] =>
  history.filter((entry) => entry.verdict === "rejected" || entry.group === group || isForNoGroup(entry));

/** Whether it was abstained on without a reveal, which would name a group. */
const isForNoGroup = ({ verdict, group }: AgreedScore): boolean => verdict === "abstained" && group === null;

/** What pay depends on beside the scores. */
export interface PayParts {
  /** Part of a group's pool that its miners get. Default: all. */
  readonly paid?: (group: string) => number;
  /** Part of what a hotkey earned that it gets. Default: all. */
  readonly gate?: ((hotkey: string) => number) | undefined;
  /** Hotkey → share, of what all earned after the gate: what each gets of it, or of others'. Default: what it earned. */
  readonly divide?: ((earned: ReadonlyMap<string, number>) => ReadonlyMap<string, number>) | undefined;
  /** The uid that is given what is the owner's, where the owner's hotkey has none. Default: nobody is. */
  readonly instead?: number | undefined;
}

/** Shares of all pay by uid, summing to 1 where somebody is given what is the owner's. The reward curve divides each group's pool. */
export const standingShares = (
  { scoring }: Pick<Network, "scoring">,
  { ownerHotkey, neurons }: Holders,
  standings: ReadonlyMap<string, readonly Standing[]>,
  { paid, gate, divide, instead }: PayParts = {},
): ReadonlyMap<number, number> => {
  const hotkeys = new Map(neurons.map(({ uid, hotkey }) => [uid, hotkey]));
  return groupRewards({
    groups: standings,
    curve: rewardCurve(scoring.rewards),
    ...(paid && { paid }),
    ...(gate && { gate: (uid: number) => gate(hotkeys.get(uid) ?? "") }),
    ...(divide && { divide: byUid(neurons, divide) }),
    burn: scoring.burn,
    ownerUid: neurons.find(({ hotkey }) => hotkey === ownerHotkey)?.uid ?? instead ?? null,
  });
};

/** A division by hotkeys as one by uids. Who is registered no more gets nothing. */
const byUid =
  (neurons: Holders["neurons"], divide: NonNullable<PayParts["divide"]>) =>
  (earned: ReadonlyMap<number, number>): ReadonlyMap<number, number> => {
    const got = divide(new Map(neurons.map(({ uid, hotkey }) => [hotkey, earned.get(uid) ?? 0])));
    return new Map(neurons.map(({ uid, hotkey }) => [uid, got.get(hotkey) ?? 0]));
  };

/**
 * [uid, u16] pairs from what was agreed over the window: mean score, rank within the group, reward curve, and whether the group's model improved.
 *
 * Where the owner's hotkey has no uid, a validator sets what is the owner's on itself: the chain leaves a weight on oneself out, so that nobody gets
 * it where somebody earned anything. On any other uid it would be pay for whoever holds that one.
 *
 * @param self the uid of the validator that sets them
 * @param parts what pay depends on beside the scores, as `payParts` gives it. Default: nothing
 */
export const cycleWeights = (
  network: Network,
  holders: Holders,
  { history, progress }: { readonly history: readonly AgreedScore[]; readonly progress: readonly CycleProgress[] },
  cycle: number,
  { self, ...parts }: Pick<PayParts, "gate" | "divide"> & { readonly self: number | undefined },
): readonly (readonly [number, number])[] =>
  toWeights(
    standingShares(network, holders, groupStandings(network, holders, history, cycle), {
      paid: (group) => paidPart(progress, group, { cycle, window: network.scoring.window }),
      instead: self,
      ...parts,
    }),
  );
