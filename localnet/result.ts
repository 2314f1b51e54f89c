import type { BeaconValue } from "#shared/beacon/value.js";
import type { SprintOutcome } from "#shared/compute/outcome.js";
import type { ReasonCode, Verdict } from "#shared/protocol/verdict.js";
import type { LocalnetParticipant } from "./roles.js";

/** Group → mean held-out loss, nats per token. */
export type GroupLosses = Readonly<Record<string, number>>;

/** Losses of one model on each group's held-out text. */
export interface ModelLosses {
  readonly valLoss: GroupLosses;
  /** The same in bits per byte of text. */
  readonly valBpb: GroupLosses;
}

export interface MinerResult {
  readonly uid: number;
  readonly hotkey: string;
  readonly group: string | null;
  readonly verdict: Verdict;
  readonly reason?: ReasonCode;
  readonly lossReduction: number | null;
  readonly score: number;
  /** Place by score within the group, from 1. Null if the score is not above zero. */
  readonly rank: number | null;
  /** Stake-weighted mean of the validators' weights, as a share of one. */
  readonly weight: number;
  /** Tokens paid by the cycle's epoch. */
  readonly emission: number;
}

export interface CycleResult {
  readonly cycle: number;
  readonly modelHash: string;
  readonly validatorsAgree: boolean;
  readonly valLossBefore: GroupLosses;
  readonly valLossAfter: GroupLosses;
  readonly valBpbBefore: GroupLosses;
  readonly valBpbAfter: GroupLosses;
  /**
   * Group → number of the step that the ballots chose for its model. 0 if it took no step: then its miners are paid nothing for the cycle, unless it
   * is undecided.
   */
  readonly steps: Readonly<Record<string, number>>;
  /** Groups that took no step for want of votes or reports: their miners' pay leaves the cycle out. */
  readonly undecided: readonly string[];
  readonly miners: readonly MinerResult[];
  /** Uids whose updates are in the model. */
  readonly merged: readonly number[];
}

/** A miner's part in a Sprint. Weights are in nonces. */
export interface SprintMiner {
  readonly uid: number;
  readonly hotkey: string;
  readonly difficulty: number;
  /** Hash of its proof. Null if it committed to none. */
  readonly proof: string | null;
  readonly wins: number;
  readonly nonces: number;
  readonly outcome: SprintOutcome["outcome"];
  /** Why it is invalid. */
  readonly nonce: number | null;
  readonly fault: string | null;
  /** Shares of the voting stake that found it invalid. */
  readonly invalidBy: number;
  /** Nonces that its proof speaks for, and their bounds. */
  readonly measured: number;
  readonly low: number;
  readonly high: number;
  /** Its weight from now on. */
  readonly confirmed: number;
  /** Part of its pay that it gets. */
  readonly paid: number;
  /** What it did of its duty in the Sprint before. Null if it had neither tasks nor duty. */
  readonly duty: DutyOfMiner | null;
}

/** A miner's duty in a Sprint, as it was closed. */
export interface DutyOfMiner {
  readonly cycle: number;
  readonly duties: number;
  readonly missed: number;
  readonly isFraud: boolean;
  /** Reputation after it, in millionths. */
  readonly reputation: number;
}

export interface SprintCycle {
  readonly cycle: number;
  /** The cycle whose Sprint it confirms or upholds. Null if it is a Sprint of its own. */
  readonly confirms: number | null;
  /** Whether it is idle time that upholds that Sprint's weights. */
  readonly idle: boolean;
  readonly miners: readonly SprintMiner[];
  /** The value that the cycle's seeds are mixed with. Null where the chain follows no drand beacon. */
  readonly beacon: BeaconValue | null;
  /** Seconds of the cycle, and those that the busiest miner and validator computed for the Sprint. */
  readonly seconds: number;
  readonly minerSeconds: number;
  readonly validatorSeconds: number;
}

/** What `blockzero localnet --json` writes. Tools read these names. */
export interface LocalnetResult {
  readonly seconds: number;
  readonly genesis: ModelLosses & { readonly modelHash: string };
  readonly cycles: readonly CycleResult[];
  /** The settled Sprints and confirmations, with `--sprint`. */
  readonly sprints?: readonly SprintCycle[];
  readonly behaviours: Readonly<Record<number, LocalnetParticipant["behaviour"]>>;
}
