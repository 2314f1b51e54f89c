import { type LossFailure, type LossScore, proofOfLoss, spreadOf } from "../proof-of-loss.js";
import { studentQuantile } from "../student-t.js";
import { fullBound } from "./full-bound.js";
import type { Lap } from "./laps.js";
import type { RaceRules } from "./rules.js";

/** One contender's losses so far, and the result after each lap. */
export interface Runner<T> {
  readonly contender: T;
  /** Losses with its update, one per batch. */
  readonly after: number[];
  readonly looks: Look[];
  /** Whether its improvement was recognised after some lap. */
  isRecognised: boolean;
  failure: LossFailure | null;
}

interface Look {
  readonly batches: number;
  readonly measured: LossScore;
  /** The lower bound that all batches would give with this mean and spread, nats per token. */
  readonly bound: number;
  /** A value that this bound will hardly exceed. */
  readonly ceiling: number;
}

/** One-sided confidence at which an order counts as settled, and an improvement as too small to matter: `npm run bench -- validation`. */
const SETTLED = 0.975;
const TOO_SMALL = 0.9;

/**
 * How far the mean over all batches may be from the mean over the first `seen`, in standard deviations of one batch: Student's quantile
 * times √(1/n − 1/N), the standard error of a sample without replacement (Cochran, "Sampling techniques", 1977, section 2.5).
 */
const unseenMargin = (confidence: number, seen: number, batches: number): number =>
  studentQuantile(confidence, seen - 1) * Math.sqrt(1 / seen - 1 / batches);

/** Computes a runner's result after a lap. False if its losses, or the losses before the update, are not finite. */
export const takeStock = <T>(
  runner: Runner<T>,
  before: readonly number[],
  { lap, last, rules }: { readonly lap: Lap; readonly last: Lap; readonly rules: RaceRules },
): boolean => {
  const measured = proofOfLoss(before.slice(0, lap.batches), runner.after.slice(0, lap.batches), {
    ...rules,
    confidence: lap.confidence,
  });
  if (measured.verdict !== "scored") {
    runner.failure = measured;
    return false;
  }
  const deviation = measured.standardError * Math.sqrt(lap.batches);
  const { lowerBound: bound } = fullBound({ ...measured, batches: lap.batches }, last);
  const ceiling = bound + unseenMargin(TOO_SMALL, lap.batches, last.batches) * deviation;
  runner.looks.push({ batches: lap.batches, measured, bound, ceiling });
  runner.isRecognised ||= measured.lowerBound > 0;
  return true;
};

/** The best `topN` after a lap, best first, among those with a bound above zero. */
export const leadersOf = <T>(runners: readonly Runner<T>[], lap: number, topN: number): readonly Runner<T>[] =>
  runners
    .filter(({ looks }) => looks[lap]!.bound > 0)
    .sort((a, b) => b.looks[lap]!.bound - a.looks[lap]!.bound)
    .slice(0, topN);

/** The runners whose order relative to one of the leaders may still change by more than the tolerance. */
export const contestOf = <T>(
  leaders: readonly Runner<T>[],
  runners: readonly Runner<T>[],
  lap: number,
  { batches, tolerance }: RaceRules,
): ReadonlySet<Runner<T>> => {
  const contest = new Set<Runner<T>>();
  const seen = leaders[0]?.after.length ?? batches;
  const margin = unseenMargin(SETTLED, seen, batches);
  for (const leader of leaders) {
    for (const other of runners) {
      if (other === leader) continue;
      const [a, b] = [leader.looks[lap]!.bound, other.looks[lap]!.bound];
      const { deviation } = spreadOf(other.after.map((loss, batch) => loss - leader.after[batch]!));
      if (margin * deviation > Math.abs(a - b) + tolerance * Math.max(a, b)) contest.add(leader).add(other);
    }
  }
  return contest;
};
