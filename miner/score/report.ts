import type { ReasonCode, Verdict } from "#shared/protocol/verdict.js";

/** The gates in the order in which a validator comes to them. */
export const GATES = [
  "commit",
  "reveal",
  "manifest",
  "network",
  "cycle",
  "signature",
  "group",
  "base",
  "codec",
  "size",
  "tensors",
  "values",
  "norm",
  "duplicate",
  "loss",
] as const;

export type GateName = (typeof GATES)[number];

/** `open`: its time is still to come. `unchecked`: what it takes is not at hand. `not reached`: an earlier gate failed. */
export type GateStatus = "passed" | "failed" | "open" | "unchecked" | "not reached";

export interface Gate {
  readonly gate: GateName;
  readonly status: GateStatus;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
}

/** One evaluation with a seed of our own, over all batches. Nats per token. */
export interface Draw {
  readonly seed: string;
  readonly batches: number;
  /** Mean loss without the update. */
  readonly baseline: number;
  readonly verdict: Verdict;
  readonly reason: ReasonCode | null;
  readonly measured: Measured | null;
}

export interface Measured {
  readonly lossReduction: number;
  readonly standardError: number;
  /** Of the one-sided interval that the score is made of. */
  readonly lowerBound: number;
  /** Two-sided. */
  readonly interval: readonly [number, number];
  readonly score: number;
}

/** What a miner's confirmed weight and its duty leave it of its pay. Weights are in nonces. */
export interface GatedPay {
  /** Null if pay depends on duty alone. */
  readonly required: number | null;
  readonly confirmed: number;
  /** From 0 to 1. */
  readonly part: number;
}

/** Where the update would have stood in a cycle that is over. */
export interface ExpectedStanding {
  readonly cycle: number;
  readonly group: string;
  /** With the median score of the draws, and with their best and worst; null without a score above zero. */
  readonly place: number | null;
  readonly bestPlace: number | null;
  readonly worstPlace: number | null;
  /** Scored updates of the group, this one included. */
  readonly of: number;
  /** Its share of the group's mean; null where it would not be merged. */
  readonly mergedShare: number | null;
  /** By mean score over the window, which is what pay goes by. */
  readonly window: {
    readonly cycles: number;
    readonly score: number;
    readonly place: number | null;
    readonly of: number;
  };
  /** Share of all pay, by the weight that is confirmed now. */
  readonly payShare: number;
  /** What its confirmed weight and its duty leave it; null where pay depends on neither, or no Sprint is settled. */
  readonly sprint: GatedPay | null;
  /** Cycles of the window of which not all reports can be had any more. */
  readonly unknown: readonly number[];
}

export interface ScoreReport {
  /** Null for tensors without a manifest. */
  readonly artifact: string | null;
  readonly file: string;
  readonly hotkey: string | null;
  readonly group: string;
  readonly cycle: number;
  readonly base: string;
  readonly head: number;
  readonly gates: readonly Gate[];
  /** Confidence of the score's one-sided bound and of the two-sided interval. */
  readonly confidence: { readonly oneSided: number; readonly twoSided: number };
  /** What was evaluated on. */
  readonly text: "held-out" | "sealed" | "held-out in place of sealed";
  readonly draws: readonly Draw[];
  readonly verdict: Verdict;
  readonly reason: ReasonCode | null;
  /** Mean loss reduction and median score of the draws; null unless measured. */
  readonly expected: { readonly lossReduction: number; readonly score: number } | null;
  /** Null unless it would be scored, and where no cycle is over or can be read. */
  readonly standing: ExpectedStanding | null;
}
