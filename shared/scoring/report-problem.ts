import type { Network } from "#shared/protocol/network.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { toScore } from "./proof-of-loss.js";
import { fullBound } from "./racing/full-bound.js";
import { planLaps } from "./racing/laps.js";

/** Differences that the arithmetic of two implementations may have: relative, and in nats per token of a mean loss and of a bound above 0. */
const RELATIVE = 1e-9;
const ABSOLUTE = 1e-6;
const BOUND_ABSOLUTE = 1e-9;

/**
 * The first thing in a report that no measurement can have given, or null. A report with such a problem is ignored as a whole.
 *
 * - No update lowers the loss by more than there is: an entry's reduction over its batches is at most the model's own loss over the
 *   batches of its group, which are as many or more.
 * - A score is at most `(bound · growth) ^ exponent`, with the bound that all batches would give with the entry's mean and error and what rounding
 *   may make of it. It is 0 where that bound is not above 0: a small exponent would make much of next to nothing.
 *
 * All of it is computed with the same bits on every machine, so that whether a report counts is the same for everybody, at any limit.
 */
export const reportProblem = (
  { baseline, entries }: Pick<Report, "baseline" | "entries">,
  { groups, scoring }: Pick<Network, "groups" | "scoring">,
): string | null => {
  for (const entry of entries) {
    const problem = entryProblem(entry, baseline, groups, scoring);
    if (problem !== null) return `uid ${entry.uid}: ${problem}`;
  }
  return null;
};

const entryProblem = (
  { verdict, group, lossReduction, standardError, batches, growth, score }: ReportEntry,
  baseline: Report["baseline"],
  groups: Network["groups"],
  { eval_batches, confidence, exponent, racing }: Network["scoring"],
): string | null => {
  if (verdict !== "scored") return null;
  if (group === null || lossReduction === null || standardError === null || batches === null || growth === null)
    return "it is scored without measurements";
  if (!Object.hasOwn(groups, group)) return `there is no group ${group}`;
  const model = Object.hasOwn(baseline, group) ? baseline[group] : undefined;
  if (!model) return `no loss of the model is given for group ${group}`;
  if (model.batches > eval_batches || batches > model.batches)
    return `${batches} batches beside ${model.batches} of the model, of ${eval_batches}`;
  if (lossReduction * batches > model.loss * model.batches * (1 + RELATIVE) + ABSOLUTE * batches)
    return `it lowers the loss by ${lossReduction}, which is more than the model has`;
  const laps = planLaps({ batches: eval_batches, confidence, rounds: racing.rounds });
  const { lowerBound } = fullBound({ lossReduction, standardError, batches }, laps.at(-1)!);
  const bound = Math.max(0, lowerBound * growth);
  const most = toScore(bound, exponent);
  const allowed = bound > 0 ? toScore(bound + BOUND_ABSOLUTE, exponent) * (1 + RELATIVE) : 0;
  return score > allowed ? `a score of ${score}, where its mean, error, batches and growth allow ${most}` : null;
};
