import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { countsInMean, type Verdict } from "#shared/protocol/verdict.js";
import type { CurveSettings } from "./curves/reward-curve.js";

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
  /** Power of the mean of independence: see `powerOf`. */
  readonly power: number;
}

/** A miner's means over a window. */
export interface Window {
  /**
   * Mean score. A cycle that the miner missed, or in which it was rejected, counts as zero. A cycle in which the validators abstained is
   * left out, if the miner spent it on the group that it stands in, or on none (`scoresIn`).
   */
  readonly score: number;
  /**
   * Mean independence, each cycle weighted by its score: the power of the mean of the roots. So pay, which is the same power of the mean score times
   * this, is the power of the mean of the roots of what each cycle alone would pay, and such means only lose by being divided: neither hotkeys that
   * train by turns, and score in the other cycles by what is nobody's own, nor any other division of cycles among hotkeys gains anything.
   */
  readonly independence: number;
}

/** The power of a curve's window independence: that of the score, at least 1; where a curve pays by places, that of the default curve. */
export const powerOf = (rewards: CurveSettings): number =>
  rewards.curve === "proportional" ? Math.max(1, rewards.exponent) : DEFAULT_CURVE.exponent;

/** Means over the last `window` cycles, 0 if none of them counts. */
export const windowOf = ({ history, hotkey, cycle, window, power }: WindowInputs): Window => {
  const outcomes = new Map<number, CycleOutcome>();
  for (const outcome of history) {
    if (outcome.hotkey === hotkey) outcomes.set(outcome.cycle, outcome);
  }
  let scores = 0;
  let roots = 0;
  let counted = 0;
  for (let at = cycle - window + 1; at <= cycle; at++) {
    const outcome = outcomes.get(at);
    if (outcome !== undefined && !countsInMean(outcome.verdict)) continue;
    counted += 1;
    if (outcome?.verdict !== "scored") continue;
    scores += outcome.score;
    roots += outcome.score * (outcome.independence ?? 0) ** (1 / power);
  }
  return { score: counted === 0 ? 0 : scores / counted, independence: scores > 0 ? (roots / scores) ** power : 0 };
};
