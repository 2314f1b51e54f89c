import { power } from "../portable-math.js";
import type { RaceRules } from "./rules.js";

/** A number of batches after which a race may end for a miner, and the confidence that recognition needs then. */
export interface Lap {
  /** Batches evaluated so far, counted from the first one. */
  readonly batches: number;
  /** One-sided confidence at which an improvement is recognised after this lap. */
  readonly confidence: number;
}

/** Fewer differences do not show their own spread. */
const LEAST_BATCHES = 4;

/**
 * Laps that double: the last one ends with all batches, the one before with half of them, and so on while there are at least 4. Each look
 * is another chance for noise to be recognised, so the laps share the error that `confidence` leaves: the last lap has half of it, and the
 * others have equal parts of the rest. By Bonferroni's inequality noise is then recognised no more often, at whichever lap the race stops.
 * (Group-sequential trials do this: Pocock, "Group sequential methods in the design and analysis of clinical trials", 1977.)
 */
export const planLaps = ({
  batches,
  confidence,
  rounds,
}: Pick<RaceRules, "batches" | "confidence" | "rounds">): readonly [Lap, ...Lap[]] => {
  const error = 1 - confidence;
  const early = Array.from({ length: rounds - 1 }, (_, i) => Math.ceil(batches / power(2, rounds - 1 - i))).filter(
    (count) => count >= LEAST_BATCHES && count < batches,
  );
  const last = { batches, confidence: early.length === 0 ? confidence : 1 - error / 2 };
  const [first = last, ...others] = early.map((count) => ({
    batches: count,
    confidence: 1 - error / 2 / early.length,
  }));
  return first === last ? [last] : [first, ...others, last];
};

/** The look that ends a race after `batches` because time is up. It has all the error that the earlier laps have not used. */
export const closingLap = (rules: Pick<RaceRules, "batches" | "confidence" | "rounds">, batches: number): Lap => {
  const used = planLaps(rules)
    .filter((lap) => lap.batches < batches)
    .reduce((sum, lap) => sum + (1 - lap.confidence), 0);
  return { batches, confidence: rules.confidence + used };
};
