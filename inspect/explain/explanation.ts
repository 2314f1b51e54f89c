import type { Original } from "#shared/independence/repeats.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { ReasonCode, Verdict } from "#shared/protocol/verdict.js";
import type { Derivation } from "./derivation.js";
import type { SprintFacts } from "./explain-sprint.js";
import type { SeedSource } from "./seed-source.js";

/** Explains a miner's score in one cycle, and its pay. Shares are fractions of 1, losses are in nats per token. */
export interface Explanation {
  readonly cycle: number;
  /** The newest block that was read. */
  readonly head: number;
  readonly uid: number;
  readonly hotkey: string;
  /** A validator, or the subnet's owner, is scored only if it submitted an update. */
  readonly role: "miner" | "validator" | "owner";
  /** The model that the cycle started from. */
  readonly base: string;
  readonly seed: SeedSource;
  /** The miner's commitment on chain. Null if nothing was recorded in time. */
  readonly commitment: { readonly hash: string; readonly block: number } | null;
  readonly reveal: { readonly group: string; readonly artifact: string; readonly location: string } | null;
  /** The content of its signed manifest. Null if the manifest is not available. */
  readonly update: UpdateFacts | null;
  /** Every validator that may vote, by descending stake. */
  readonly validators: readonly Opinion[];
  readonly agreed: Agreed | null;
  /** Whether every committed report was available. If not, the agreed result may differ from what is shown. */
  readonly isWhole: boolean;
  readonly duplicate: (Original & { readonly uid: number | null }) | null;
  /** Its place among the scored miners of its group in this cycle. */
  readonly place: Place | null;
  readonly merge: Merge;
  readonly window: Window;
  /** Its Sprints. Null where the network file has none. */
  readonly sprint: SprintFacts | null;
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

/** One validator's opinion of the miner. */
export interface Opinion {
  readonly hotkey: string;
  readonly uid: number | null;
  /** Share of all voting stake. */
  readonly stakeShare: number;
  /** Why its report does not count, or does not mention the miner. Null if it counts. */
  readonly silence: string | null;
  /** Whether its report does not count, though most of the stake that says what it holds does hold it. */
  readonly isUnheard: boolean;
  readonly artifact: string | null;
  readonly verdict: Verdict | null;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
  readonly lossReduction: number | null;
  readonly standardError: number | null;
  readonly batches: number | null;
  readonly growth: number | null;
  readonly score: number | null;
  /** How the score follows from these figures. Null if the validator did not score the miner. */
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
  /** Shares of all stake: of the validators that scored one and the same artifact, and of those that rejected the miner or could not reach it. */
  readonly scoredBy: number;
  readonly rejectedBy: number;
}

export interface Place {
  readonly group: string;
  /** Best first, from 1; null without a score above zero. */
  readonly place: number | null;
  /** Of how many that were scored. */
  readonly of: number;
}

export interface Merge {
  /** The model that the cycle's merge made. Null if no majority agrees on one, or not yet. */
  readonly model: string | null;
  /** Whether `model` can no longer change. */
  readonly isSettled: boolean;
  /** The miner's share of its group's mean. Null if it was not merged, or the model's manifest is not available. */
  readonly share: number | null;
  readonly isKnown: boolean;
  /** Whether its group took no step. */
  readonly stoodStill: boolean;
  /** Whether that was for want of votes or reports, so that its pay leaves the cycle out. */
  readonly isUndecided: boolean;
  /** What the step of its group goes along. Null if the group took none, or that is not known. */
  readonly along: OuterStep["along"] | null;
  /** Greatest number of updates merged per group. */
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
  /** Cycles whose reports are not all available any more. */
  readonly unknown: readonly number[];
}

/** What the reward curve gives for the window. */
export interface Pay extends Place {
  /** Mean score over the window. */
  readonly score: number;
  readonly curve: string;
  /**
   * Shares of all pay: the group's pool, the part of it that is paid because the model improved, the part of that which is burned, and what
   * the miner's place earns.
   */
  readonly pool: number;
  readonly paid: number;
  readonly burn: number;
  /** Part of what its place earns that it gets, by its Sprints. */
  readonly gate: number;
  readonly share: number;
}

export interface ChainFacts {
  /** Block whose state was read. */
  readonly block: number;
  /** Each validator's weight for the miner as a share of its row; `since` is the block it was set in. */
  readonly weights: readonly { readonly validator: string; readonly share: number; readonly since: number }[];
  readonly incentive: number;
  /** Paid by the last epoch, in the smallest unit of the token. */
  readonly emission: string;
}
