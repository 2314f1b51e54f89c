import { countsInMean, type Verdict } from "#shared/protocol/verdict.js";

/** What was agreed about one miner in one cycle. */
export interface CycleOutcome {
  readonly cycle: number;
  readonly hotkey: string;
  readonly verdict: Verdict;
  readonly score: number;
  /** Null unless scored. */
  readonly independence: number | null;
}

export interface WindowInputs {
  /** Outcomes of one uid or of many, in any order. */
  readonly history: Iterable<CycleOutcome>;
  /** The uid's current holder. The work of an earlier holder counts for nothing. */
  readonly hotkey: string;
  /** The last cycle of the window. */
  readonly cycle: number;
  /** Its length in cycles. */
  readonly window: number;
}

/** A miner's means over a window. */
export interface Window {
  /**
   * Mean score. A cycle that the miner missed, or in which it was rejected, counts as zero. A cycle in which the validators abstained is
   * left out, if the miner spent it on the group that it stands in, or on none (`scoresIn`).
   */
  readonly score: number;
  /** Mean independence, each cycle weighted by its score. So a miner gains nothing by being independent in some cycles and scoring in others. */
  readonly independence: number;
}

/** Means over the last `window` cycles, 0 if none of them counts. */
export const windowOf = ({ history, hotkey, cycle, window }: WindowInputs): Window => {
  const outcomes = new Map<number, CycleOutcome>();
  for (const outcome of history) {
    if (outcome.hotkey === hotkey) outcomes.set(outcome.cycle, outcome);
  }
  let scores = 0;
  let merits = 0;
  let counted = 0;
  for (let at = cycle - window + 1; at <= cycle; at++) {
    const outcome = outcomes.get(at);
    if (outcome !== undefined && !countsInMean(outcome.verdict)) continue;
    counted += 1;
    if (outcome?.verdict !== "scored") continue;
    scores += outcome.score;
    merits += outcome.score * (outcome.independence ?? 0);
  }
  return { score: counted === 0 ? 0 : scores / counted, independence: scores > 0 ? merits / scores : 0 };
};
