import type { SprintOutcome } from "../outcome.js";
import type { SettledSprint } from "../read-sprint.js";

/**
 * The executors whose proofs have tasks: those settled as valid, unopposed or invalid. What most validators who are there could not fetch, members
 * could not fetch either.
 */
export const settledExecutors = ({ outcomes }: Pick<SettledSprint, "outcomes">): ReadonlySet<string> =>
  new Set(outcomes.filter(({ outcome }) => HAS_TASKS[outcome]).map(({ hotkey }) => hotkey));

const HAS_TASKS: Readonly<Record<SprintOutcome["outcome"], boolean>> = {
  valid: true,
  unopposed: true,
  invalid: true,
  undecided: false,
  withheld: false,
  absent: false,
};
