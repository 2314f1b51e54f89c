import { BlockZeroError } from "#shared/errors/error.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { lastModelBlock } from "#shared/replay/agreed-outcome.js";
import { groupProgress, readBallots } from "#shared/replay/ballots.js";
import { modelOfCycle } from "#shared/replay/base-model-hash.js";
import { readOutcomes } from "#shared/replay/cycle-outcomes.js";
import { isGone } from "#shared/replay/is-gone.js";
import {
  type AgreedScore,
  agreedScores,
  groupStandings,
  type Holders,
  standingShares,
} from "#shared/rewards/cycle-weights.js";
import { type CycleProgress, paidPart } from "#shared/rewards/progress.js";
import type { OpenedSubnet } from "#shared/subnet/open-subnet.js";

/** What decides pay once everybody is scored. */
export type PayRules = Pick<Network["scoring"], "rewards" | "burn" | "window">;

/** Shares are means over the cycles, 0–1 of all that a cycle pays to hotkeys by their weights. */
export interface ReplayedHotkey {
  readonly hotkey: string;
  /** The group that it last scored in; null if it never did. */
  readonly group: string | null;
  /** Cycles in which the validators agreed on a score of it. */
  readonly scored: number;
  /** By the network's own rules. */
  readonly own: number;
  /** By the other ones. */
  readonly other: number;
}

export interface Replay {
  /** Cycles that were paid. */
  readonly cycles: readonly number[];
  /** Cycles of which not every committed report can be had: they are tallied without. */
  readonly partial: readonly number[];
  /** Cycles of which nothing can be had: they are not paid, and in every window they count as missed. */
  readonly gone: readonly number[];
  /** All whom a report names or who are paid, most by the other rules first. */
  readonly hotkeys: readonly ReplayedHotkey[];
  /** The subnet owner's hotkey, which gets what is burned, what nobody earned, and what a group's model did not improve for. */
  readonly owner: string;
}

export interface ReplayOptions {
  /** They take the place of the network's own. */
  readonly rules: Partial<PayRules>;
  /** First and last cycle to pay; their windows reach further back. */
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

/**
 * Pays what validators agreed on in the past twice, as they make weights of it: by the network's own rules and by others. The chain pays
 * hotkeys by the weights that most of the stake agrees on, so these are the shares of whoever mines while most validators are honest.
 *
 * @throws BlockZeroError HISTORY_GONE where no cycle can be had
 */
export const replay = async (subnet: Subnet, { rules, from, to, signal }: ReplayOptions): Promise<Replay> => {
  const { groups, scoring, first_cycle } = subnet.source.network;
  const both = { own: scoring, other: { ...scoring, ...rules } };
  const first = Math.max(first_cycle, from - Math.max(both.own.window, both.other.window) + 1);
  const { known, partial, gone } = await readPast(subnet, first, to, signal);
  const paid = [...known.values()].filter(({ cycle }) => cycle >= from);
  if (paid.length === 0)
    throw new BlockZeroError(
      "HISTORY_GONE",
      `nothing can be had any more of cycles ${from} to ${to}`,
      "name newer cycles, or with --chain an archive node",
    );

  const { accounts, accountOf } = openAccounts();
  for (const { hotkey, group, verdict, cycle } of [...known.values()].flatMap(({ scores }) => scores)) {
    // Who revealed nothing did nothing to be paid for.
    if (group === null) continue;
    const account = accountOf(hotkey);
    if (verdict !== "scored") continue;
    account.group = group;
    if (cycle >= from) account.scored += 1;
  }
  for (const { cycle, holders } of paid)
    for (const by of ["own", "other"] as const) {
      const { window } = both[by];
      const past = Array.from({ length: window }, (_, i) => known.get(cycle - window + 1 + i)?.scores ?? []).flat();
      const standings = groupStandings({ groups, scoring: both[by] }, holders, past, cycle);
      const paidOf = (group: string) => paidPart(known.values(), group, { cycle, window });
      for (const [uid, share] of standingShares({ scoring: both[by] }, holders, standings, { paid: paidOf })) {
        const hotkey = holders.neurons.find((neuron) => neuron.uid === uid)?.hotkey ?? holders.ownerHotkey;
        accountOf(hotkey)[by] += share / paid.length;
      }
    }
  return {
    cycles: paid.map(({ cycle }) => cycle),
    partial,
    gone,
    hotkeys: [...accounts]
      .map(([hotkey, account]) => ({ hotkey, ...account }))
      .sort((a, b) => b.other - a.other || b.own - a.own || compareTexts(a.hotkey, b.hotkey)),
    owner: paid.at(-1)!.holders.ownerHotkey,
  };
};

type Subnet = Pick<OpenedSubnet, "source" | "head">;

interface PastCycle extends CycleProgress {
  readonly scores: readonly AgreedScore[];
  /** As the cycle's weights are set. */
  readonly holders: Holders;
}

/** By cycle, ascending, what can be had. */
const readPast = async ({ source, head }: Subnet, first: number, last: number, signal: AbortSignal) => {
  const { chain, network } = source;
  const known = new Map<number, PastCycle>();
  const partial: number[] = [];
  const gone: number[] = [];
  for (let cycle = first; cycle <= last; cycle++) {
    signal.throwIfAborted();
    try {
      const said = await readOutcomes(source, cycle, head);
      const merged = Math.min(head, phaseWindow(cycle, "merge", network.phases).end - 1);
      const holders = await chain.metagraph(network.netuid, merged);
      const progress = groupProgress(network, await readBallots(source, cycle), said);
      const isSettled = head >= lastModelBlock(cycle, network);
      const isAgreed = isSettled ? (await modelOfCycle(source, cycle, head)) !== null : null;
      known.set(cycle, { cycle, scores: agreedScores(cycle, said), ...progress, isAgreed, holders });
      if (!said.isWhole) partial.push(cycle);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      gone.push(cycle);
    }
  }
  signal.throwIfAborted();
  return { known, partial, gone };
};

const openAccounts = () => {
  const accounts = new Map<string, { group: string | null; scored: number; own: number; other: number }>();
  const accountOf = (hotkey: string) => {
    const account = accounts.get(hotkey) ?? { group: null, scored: 0, own: 0, other: 0 };
    accounts.set(hotkey, account);
    return account;
  };
  return { accounts, accountOf };
};
