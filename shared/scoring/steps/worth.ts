import { studentQuantile } from "../student-t.js";
import { farthestOfLongest } from "./farthest.js";
import type { ReductionElsewhere } from "./measure-elsewhere.js";
import type { StepReduction } from "./paired.js";

/** One-sided confidence from which a step counts as harmful to the other groups. */
const SURELY = 0.95;

/** What is known of an approved step. */
export interface ApprovedStep {
  /** How far it goes in the long run, in lengths of its update. */
  readonly reach: number;
  /** On the text of its own group. */
  readonly own: StepReduction;
  /** On the text of the other groups, or null if that was not measured. */
  readonly others: ReductionElsewhere | null;
}

/**
 * What a step is worth to the whole model: its reduction of its own group's loss, nats per token, less the increases of the other groups'
 * losses where there surely are any. A group's experts also serve the other groups' text, and updates are scored on the text of their own
 * group alone, so an update can lower that loss and raise the others.
 *
 * @param groups number of other groups
 */
export const worthOf = (step: ApprovedStep, groups: number): number => step.own.mean - groups * harmOf(step);

/** By how much it raises the loss of another group, in the mean, nats per token; 0 if that may be chance or is not known. */
const harmOf = (step: ApprovedStep): number => (sureHarmOf(step) > 0 ? -step.others!.mean : 0);

/** By how much it surely raises that loss, at least: 0 if it may not, or that is not known. */
const sureHarmOf = ({ others }: ApprovedStep): number => {
  if (others === null || others.freedom < 1) return 0;
  return Math.max(0, -(others.mean + studentQuantile(SURELY, others.freedom) * others.standardError));
};

/**
 * Whether it surely adds more to the losses of the other groups together than it takes off its own group's. What the steps of several groups do
 * to a text adds up, so the whole model would be worse for it.
 */
const isHarmful = (step: ApprovedStep, groups: number): boolean => groups * sureHarmOf(step) > step.own.mean;

/**
 * The steps to vote for: those of the approved that surely do not cost the others more than they gain. Best is the one of them that goes
 * farthest and is worth enough.
 *
 * - Only those that were measured longest are compared, as among the approved themselves. One that costs the others more than it gains is left
 *   out of that, as long as there is another: its rivals left the race for what they gain at home alone.
 * - One whose effect on the other groups is not known is best only if that is known of none.
 *
 * @param steps by candidate; null for one that is not approved
 * @param groups number of other groups
 * @returns null for the base
 */
export const worthwhile = (
  steps: readonly (ApprovedStep | null)[],
  groups: number,
): { readonly better: readonly boolean[]; readonly best: number | null } => {
  const better = steps.map((step) => step !== null && !isHarmful(step, groups));
  const choice = better.flatMap((is, candidate) => (is ? [candidate] : []));
  const isKnown = (candidate: number) => steps[candidate]!.others !== null;
  const known = choice.some(isKnown) ? choice.filter(isKnown) : choice;
  const worthy = known.filter((candidate) => worthOf(steps[candidate]!, groups) > 0);
  const compared = worthy.length > 0 ? worthy : known;
  const best = farthestOfLongest(compared, (candidate) => ({
    gain: worthOf(steps[candidate]!, groups),
    reach: steps[candidate]!.reach,
    batches: steps[candidate]!.own.batches,
  }));
  return { better, best: best ?? null };
};
