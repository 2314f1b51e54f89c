import type { Phase } from "#shared/protocol/phases.js";
import type { Advice, JudgedCycle } from "../advice/advice.js";

/**
 * The documents that the dashboard's page reads as JSON; docs/dashboard.md describes them. Losses are in nats per token, shares are fractions of
 * 1, amounts in tokens, times in milliseconds since the epoch. Texts of strangers are printable ASCII of at most 200 characters.
 */

/** `GET /api/subnet`: the subnet as it is now. */
export interface SubnetNow {
  readonly name: string;
  readonly netuid: number;
  /** Hash of the network file in force. */
  readonly network: string;
  readonly clock: Clock;
  /** The newest cycle whose scores are read. Null if there is none yet. */
  readonly cycle: number | null;
  /** Cycles in the mean that decides pay. */
  readonly window: number;
  /** Whether every report of `cycle` that counts was available. If not, what was agreed may be something else. */
  readonly isWhole: boolean;
  readonly groups: readonly GroupNow[];
  /** By ascending uid. */
  readonly miners: readonly MinerNow[];
  /** By descending stake. */
  readonly validators: readonly ValidatorCycle[];
  /** The current model and its ancestors, newest first. */
  readonly models: readonly ModelRow[];
  readonly rewards: Rewards;
  readonly sealed: readonly SealedLeft[];
  /** Null where the network file has no Sprints. */
  readonly compute: ComputeNow | null;
  /** Newest first. */
  readonly events: readonly SubnetEvent[];
  /** What it cost: reads of the chain since the start, and whether the last one failed. */
  readonly chain: { readonly reads: number; readonly problem: string | null };
}

export interface Clock {
  readonly block: number;
  /** By the chain's clock. */
  readonly time: number;
  /** Milliseconds from one block to the next, the mean of the last ones. Null until two were seen. */
  readonly blockTime: number | null;
  readonly cycle: number;
  readonly phase: Phase;
  /** Blocks until the phase ends, this one included. */
  readonly blocksLeft: number;
  /** The cycle's phases; `end` is the first block after. */
  readonly phases: readonly { readonly phase: Phase; readonly start: number; readonly end: number }[];
  /** Hotkeys that wrote a record of the running cycle, by kind. */
  readonly records: Readonly<Record<RecordKind, number>>;
}

/** `checks` are of the Sprint of the cycle before. */
export type RecordKind =
  | ("commit" | "reveal" | "report" | "held" | "ballot" | "model")
  | ("enter" | "sprint" | "checks");

export interface GroupNow {
  readonly name: string;
  /** Miners that have a place in it. */
  readonly miners: number;
}

/** A miner, by what was agreed in the newest cycle that was read, and what it does in the running one. */
export interface MinerNow {
  readonly uid: number;
  readonly hotkey: string;
  readonly role: "miner" | "validator" | "owner";
  readonly last: MinerCycle | null;
  /** Scores of the newest cycles, oldest first. Null: missed, rejected or left out. */
  readonly scores: readonly (number | null)[];
  /** What it has done in the running cycle. */
  readonly doing: "nothing yet" | "committed" | "revealed";
}

/** What came of a miner's cycle. */
export interface MinerCycle extends JudgedCycle {
  readonly uid: number;
  readonly hotkey: string;
  readonly group: string | null;
  readonly meanScore: number | null;
  /** Share of all pay by the reward curve. */
  readonly share: number;
  /** Mean over the validators' rows, each weighted by stake. */
  readonly weight: number;
  /** Paid by the last epoch. */
  readonly emission: number;
  /** Its share of its group's mean in the cycle's merge. Null if it was not merged. */
  readonly merged: number | null;
}

export interface ValidatorCycle {
  readonly uid: number | null;
  readonly hotkey: string;
  readonly votes: boolean;
  readonly stakeShare: number;
  /** Share of the outcomes on which its report agrees. Null without a report that counts. */
  readonly agreement: number | null;
  /** Mean relative difference of its scores from the agreed ones. */
  readonly deviation: number | null;
  /** Blocks of the evaluate phase that had passed when its report's record arrived. Null without one. */
  readonly lateness: number | null;
  /** Blocks of that phase. */
  readonly allowed: number;
  readonly problem: string | null;
}

export interface ModelRow {
  readonly cycle: number;
  readonly hash: string;
  /** Group → its step; 0 if it did not change. */
  readonly steps: Readonly<Record<string, number>>;
  readonly merged: readonly { readonly uid: number; readonly group: string; readonly share: number }[];
}

/** The reward curve for as many miners as the largest group has. */
export interface Rewards {
  readonly curve: string;
  readonly burn: number;
  /** By place from the first: the share of the group's pool, before what is burned. */
  readonly shares: readonly number[];
}

export interface SealedLeft {
  readonly group: string;
  readonly envelopes: number;
  /** Envelopes that are still closed. */
  readonly left: number;
}

/** Proof of compute: docs/compute.md. */
export interface ComputeNow {
  /** A Sprint belongs to every so-manieth cycle. */
  readonly every: number;
  /** Size of the network that nonces are put through. */
  readonly dials: string;
  /** Confirmed nonces with which a miner's pay is whole. Null: pay does not depend on them. */
  readonly required: number | null;
  /** The newest Sprint that counts in the newest judged cycle. Null if there is none. */
  readonly cycle: number | null;
  /** Whether all that it was settled from was available. If not, others may have settled it otherwise. */
  readonly isWhole: boolean;
  /** Cycles whose Sprint or confirmation cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
  /** Cycle of the Sprint that runs, or else comes next. */
  readonly next: number;
  /** The newest Sprint whose duty is closed; null if there is none. Null where the network file has no duty. */
  readonly duty: { readonly cycle: number | null } | null;
  /** Everybody who took part in one of the Sprints that count, by ascending uid. */
  readonly hosts: readonly ComputeHost[];
  /** What drew the evaluation batches of the newest judged cycle. */
  readonly seed: DrawnSeed | null;
}

/** What drew a cycle's evaluation batches. */
export interface DrawnSeed {
  readonly cycle: number;
  readonly origin: "pulse" | "blocks";
  /** The beacon round whose pulse should make the seed. Null if the network names no beacon. */
  readonly round: number | null;
  /** First and last of the blocks whose hashes make it if no pulse does. */
  readonly blocks: readonly [number, number];
  /** The beacon's value that it is mixed with. Null if the network file names no scheme. */
  readonly value: MixedValue | null;
}

/** A value that everybody contributed to, or what stands in for it. */
export interface MixedValue {
  /** 64 hex digits. */
  readonly value: string;
  readonly origin: "contributions" | "group" | "pulse" | "blocks";
  /** Hotkeys. */
  readonly contributors: readonly string[];
  /** Hotkeys whose contribution does not count. */
  readonly dropped: readonly { readonly hotkey: string; readonly why: string }[];
  /** The same in one line. */
  readonly text: string;
}

/** A hotkey's part in the newest settled Sprint, and what it counts with. */
export interface ComputeHost {
  readonly uid: number;
  readonly hotkey: string;
  /** Null: it did not enter. */
  readonly outcome: "valid" | "invalid" | "unopposed" | "undecided" | "withheld" | "absent" | null;
  /** Null where valid. */
  readonly why: string | null;
  /** The last confirmation of that Sprint, which bounds its weight. Null if there was none, or it proved nothing in the Sprint. */
  readonly confirmation: {
    readonly cycle: number;
    readonly outcome: NonNullable<ComputeHost["outcome"]>;
    readonly measured: number;
  } | null;
  /** One nonce in so many wins. Null if it did not enter. */
  readonly difficulty: number | null;
  readonly wins: number;
  /** Nonces that its wins speak for, and the bounds of a 95 % interval. */
  readonly measured: number;
  readonly low: number;
  readonly high: number;
  /** Confirmed weight, nonces. */
  readonly confirmed: number;
  /** The same after each Sprint that counts, oldest first. Null before it took part. */
  readonly weights: readonly (number | null)[];
  /** What its newest closed duty was. Null if it had none. */
  readonly duty: { readonly duties: number; readonly missed: number; readonly isFraud: boolean } | null;
  /** From 0 to 1. Null if it never had a task or duty. */
  readonly reputation: number | null;
  /** The part of its pay that it gets. */
  readonly paid: number;
}

export interface SubnetEvent {
  readonly block: number;
  readonly kind: "cycle" | "phase" | "record" | "model" | "neuron" | "network" | "fault";
  readonly text: string;
}

/** `GET /api/history`: columns over the cycles that were read. */
export interface History {
  /** Ascending. */
  readonly cycles: readonly number[];
  readonly groups: readonly GroupHistory[];
}

/** The base model of each cycle, as validators measured it. Null where nobody did. */
export interface GroupHistory {
  readonly name: string;
  readonly loss: readonly (number | null)[];
  readonly bitsPerByte: readonly (number | null)[];
  /** Whether the group's model took a step in that cycle. */
  readonly improved: readonly (boolean | null)[];
}

/** `GET /api/miners/UID?cycle=N`: why a miner earned what it did, and what would help. */
export interface MinerPage {
  readonly uid: number;
  readonly hotkey: string;
  readonly cycle: number;
  /** Cycles that can be explained, ascending. */
  readonly explained: readonly number[];
  /** What `blockzero explain` says, a sentence each. */
  readonly explanation: readonly string[];
  readonly advice: readonly Advice[];
  /** Every cycle that was read, newest first. */
  readonly history: readonly (MinerCycle & { readonly cycle: number })[];
  readonly receipt: Receipt | null;
}

/** Where the proof of a cycle is: the records on chain, and what their hashes cover. */
export interface Receipt {
  readonly commitBlock: number | null;
  readonly commitment: string | null;
  readonly artifact: string | null;
  readonly location: string | null;
  readonly reports: readonly { readonly validator: string; readonly hash: string; readonly block: number }[];
  readonly model: string | null;
}
