import type { Verdict } from "#shared/protocol/verdict.js";

/** What was agreed of one miner in one cycle. */
export interface CycleOutcome {
  readonly cycle: number;
  readonly hotkey: string;
  readonly verdict: Verdict;
  readonly score: number;
}

export interface WindowInputs {
  /** Of one uid or of many, in any order. */
  readonly history: Iterable<CycleOutcome>;
  /** Who holds the uid now: what an earlier holder did counts for nothing. */
  readonly hotkey: string;
  /** The last cycle of the window. */
  readonly cycle: number;
  /** Its length in cycles. */
  readonly window: number;
}

/**
 * Mean score over the last `window` cycles. A cycle that the miner missed, or in which it was rejected, counts as zero; one in
 * which the validators abstained is left out. 0 when nothing is left.
 */
export const windowMean = ({ history, hotkey, cycle, window }: WindowInputs): number => {
  const outcomes = new Map<number, CycleOutcome>();
  for (const outcome of history) {
    if (outcome.hotkey === hotkey) outcomes.set(outcome.cycle, outcome);
  }
  let sum = 0;
  let counted = 0;
  for (let at = cycle - window + 1; at <= cycle; at++) {
    const outcome = outcomes.get(at);
    if (outcome?.verdict === "abstained") continue;
    sum += outcome?.verdict === "scored" ? outcome.score : 0;
    counted += 1;
  }
  return counted === 0 ? 0 : sum / counted;
};
