import type { Original } from "#shared/independence/repeats.js";
import type { ReasonCode, Verdict } from "#shared/protocol/verdict.js";
import type { Derivation } from "./derivation.js";
import type { SeedSource } from "./seed-source.js";

/** Why a miner's score of one cycle, and its pay, are what they are. Shares are fractions of 1, losses nats per token. */
export interface Explanation {
  readonly cycle: number;
  /** The newest block that was looked at. */
  readonly head: number;
  readonly uid: number;
  readonly hotkey: string;
  /** A validator, or the subnet's owner, is scored only where it submitted something. */
  readonly role: "miner" | "validator" | "owner";
  /** The model that the cycle started from. */
  readonly base: string;
  readonly seed: SeedSource;
  /** What the chain says of its work; null where nothing was recorded in time. */
  readonly commitment: { readonly hash: string; readonly block: number } | null;
  readonly reveal: { readonly group: string; readonly artifact: string; readonly location: string } | null;
  /** What its signed manifest says; null where that cannot be had. */
  readonly update: UpdateFacts | null;
  /** Every validator that might vote, the most stake first. */
  readonly validators: readonly Opinion[];
  readonly agreed: Agreed | null;
  /** Whether every committed report could be had: else what was agreed may be something else. */
  readonly isWhole: boolean;
  readonly duplicate: (Original & { readonly uid: number | null }) | null;
  /** Its place among the scored of its group in this cycle. */
  readonly place: Place | null;
  readonly merge: Merge;
  readonly window: Window;
  readonly pay: Pay | null;
  readonly chain: ChainFacts;
}

export interface UpdateFacts {
  readonly group: string;
  readonly base: string;
  readonly steps: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** What one validator said of the miner. */
export interface Opinion {
  readonly hotkey: string;
  readonly uid: number | null;
  /** Of all stake that may vote. */
  readonly stakeShare: number;
  /** Why its report does not count, or says nothing of the miner; null where it does. */
  readonly silence: string | null;
  readonly artifact: string | null;
  readonly verdict: Verdict | null;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
  readonly lossReduction: number | null;
  readonly standardError: number | null;
  readonly batches: number | null;
  readonly growth: number | null;
  readonly score: number | null;
  /** How the score comes of these figures; null where it did not score the miner. */
  readonly derivation: Derivation | null;
}

export interface Agreed {
  readonly verdict: Verdict;
  readonly reason: ReasonCode | null;
  readonly group: string | null;
  readonly artifact: string | null;
  readonly lossReduction: number | null;
  readonly standardError: number | null;
  readonly independence: number | null;
  readonly score: number;
  /** Of all stake: of those who scored one and the same artifact, and of those who rejected the miner or could not reach it. */
  readonly scoredBy: number;
  readonly rejectedBy: number;
}

export interface Place {
  readonly group: string;
  readonly place: number;
  readonly of: number;
}

export interface Merge {
  /** The model that the cycle's merge made; null while or where no majority agrees on one. */
  readonly model: string | null;
  /** Whether that can still change. */
  readonly isSettled: boolean;
  /** The miner's share of its group's mean; null where it was not merged, or the model's manifest cannot be had. */
  readonly share: number | null;
  readonly isKnown: boolean;
  /** Updates merged per group at most. */
  readonly topN: number;
}

export interface Window {
  /** Cycles in the mean. */
  readonly length: number;
  readonly cycles: readonly {
    readonly cycle: number;
    readonly verdict: Verdict | null;
    readonly score: number;
    readonly counts: boolean;
  }[];
  /** Cycles of which not all reports can be had any more. */
  readonly unknown: readonly number[];
}

/** What the reward curve makes of the window. */
export interface Pay extends Place {
  /** Mean score over the window. */
  readonly score: number;
  readonly curve: string;
  /** Of all pay: the group's pool, the part of it that is paid because the model improved, what of that is burned, and what the miner's place earns. */
  readonly pool: number;
  readonly paid: number;
  readonly burn: number;
  readonly share: number;
}

export interface ChainFacts {
  /** Block whose state this is. */
  readonly block: number;
  /** Each validator's weight for the miner as a share of its row; `since` is the block it was set in. */
  readonly weights: readonly { readonly validator: string; readonly share: number; readonly since: number }[];
  readonly incentive: number;
  /** Paid by the last epoch, in the smallest unit. */
  readonly emission: string;
}
