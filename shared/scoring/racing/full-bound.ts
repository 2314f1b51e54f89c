import type { LossScore } from "../proof-of-loss.js";
import { studentQuantile } from "../student-t.js";
import type { Lap } from "./laps.js";

export interface FullBound {
  /** Student's t at the last lap's confidence, with all batches' degrees of freedom. */
  readonly quantile: number;
  /** Standard error that the mean of all batches would have. */
  readonly standardError: number;
  /** Nats per token: the mean minus `quantile` standard errors. */
  readonly lowerBound: number;
}

/** The lower bound that all batches would give with the mean and the spread of the first ones. A race's score is computed from it. */
export const fullBound = (
  { lossReduction, standardError, batches }: Pick<LossScore, "lossReduction" | "standardError"> & Pick<Lap, "batches">,
  last: Lap,
): FullBound => {
  const deviation = standardError * Math.sqrt(batches);
  const quantile = studentQuantile(last.confidence, last.batches - 1);
  return {
    quantile,
    standardError: deviation / Math.sqrt(last.batches),
    lowerBound: lossReduction - (quantile * deviation) / Math.sqrt(last.batches),
  };
};
