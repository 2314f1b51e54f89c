import { spreadOf } from "../proof-of-loss.js";
import { studentQuantile } from "../student-t.js";
import { ENOUGH, farthest } from "./farthest.js";
import type { Look } from "./looks.js";
import { paired, type StepReduction } from "./paired.js";

/** Part of all batches on which the best is measured at least, if there is time. */
export const LEAST_PART = 1 / 2;
/**
 * Confidence at which one candidate counts as surely better than another, or as unable to reach what the last look requires, and at which an
 * approval must hold later.
 */
const SURELY = 0.95;
/** Part of their gain by which two candidates that go equally far may differ and still count as equal. */
const TOLERANCE = 0.1;

/** Whether an approval by the first of these batches holds on all of them. */
export const holds = (before: readonly number[], after: readonly number[]): boolean => {
  const { mean, standardError } = paired(before, after);
  return mean - studentQuantile(SURELY, after.length - 1) * standardError > 0;
};

/** What a validator knows of the candidates after a look. Losses are by batch, nats per token. */
export interface Contest {
  /** By candidate: how far it goes in the long run, in lengths of its update. */
  readonly reaches: readonly number[];
  readonly base: readonly number[];
  /** By candidate, of those that left as far as they were measured. */
  readonly after: readonly (readonly number[])[];
  readonly approved: readonly boolean[];
  /** Number of batches measured. */
  readonly end: number;
  readonly last: Look;
}

/** Promising is the mean minus half a standard error: of two that differ by chance, the one that moves less is more certain. */
const promiseOf = ({ mean, standardError }: StepReduction): number => mean - standardError / 2;

/** Whether the remaining batches may yet approve what has these figures. */
const canBeApproved = ({ mean, standardError, batches }: StepReduction, last: Look): boolean => {
  // The mean of all batches differs from the mean of these by less than this many of its standard errors.
  const further = studentQuantile(SURELY, batches - 1) * Math.sqrt(1 - batches / last.end);
  const needed = last.quantile * Math.sqrt(batches / last.end);
  return mean + further * standardError > needed * standardError;
};

/**
 * Of those behind, the ones that promised more when they were last looked at than any that is measured further does now. They left for the sake
 * of one that leads no more.
 */
export const overtaking = (
  behind: readonly number[],
  open: readonly number[],
  { base, after, last }: Pick<Contest, "base" | "after" | "last">,
): readonly number[] => {
  const reductionOf = (candidate: number) => paired(base.slice(0, after[candidate]!.length), after[candidate]!);
  const most = Math.max(0, ...open.map((candidate) => promiseOf(reductionOf(candidate))));
  return behind.filter((candidate) => {
    const reduction = reductionOf(candidate);
    return canBeApproved(reduction, last) && promiseOf(reduction) > most;
  });
};

/**
 * The candidates to measure further: the one that would be chosen now; the leader, which gains most and says what is enough; then the most
 * promising. None if no candidate can be approved any more, or if a single one is left that is approved and was measured on half of all batches.
 *
 * @param most greatest number of candidates; where the leader would not be chosen it is measured beyond that number
 */
export const stillOpen = (
  open: readonly number[],
  { reaches, base, after, approved, end, last }: Contest,
  most: number,
): number[] => {
  const reduction = new Map(open.map((candidate) => [candidate, paired(base, after[candidate]!)]));
  const quantile = studentQuantile(SURELY, end - 1);
  const promise = (candidate: number) => promiseOf(reduction.get(candidate)!);
  const hopeful = open
    .filter((candidate) => approved[candidate] || canBeApproved(reduction.get(candidate)!, last))
    .sort((a, b) => promise(b) - promise(a) || a - b);
  const [leader] = hopeful;
  if (leader === undefined) return [];
  const gains = (candidate: number, part = 1) => base.map((loss, i) => part * (loss - after[candidate]![i]!));
  const isSurelyMore = (some: readonly number[], others: readonly number[]): boolean => {
    const { mean, deviation } = spreadOf(some.map((gain, i) => gain - others[i]!));
    return mean - (quantile * deviation) / Math.sqrt(end) > 0;
  };
  const contest = hopeful.filter(
    (candidate) => candidate === leader || !isSurelyMore(gains(leader, ENOUGH), gains(candidate)),
  );
  const reach = (candidate: number) => reaches[candidate]!;
  const choice = (candidate: number) => ({ gain: reduction.get(candidate)!.mean, reach: reach(candidate) });
  const chosen = farthest(contest, choice)!;
  const isEnough = approved[chosen] && (chosen === leader || isSurelyMore(gains(chosen), gains(leader, ENOUGH)));
  const rivals = contest.filter((candidate) => {
    if (candidate === chosen) return false;
    if (reach(candidate) > reach(chosen)) return true;
    if (reach(candidate) < reach(chosen)) return !isEnough;
    const isBehind = isSurelyMore(gains(chosen), gains(candidate));
    const isAlike = isSurelyMore(gains(candidate), gains(chosen, 1 - TOLERANCE));
    return !isBehind && !isAlike;
  });
  if (rivals.length === 0 && approved[chosen]) return end < LEAST_PART * last.end ? [chosen] : [];
  const kept = [...new Set([chosen, leader])];
  return [...new Set([...kept, ...rivals])].slice(0, Math.max(kept.length, most));
};
