import type { SettledSprint } from "../read-sprint.js";

/**
 * The executors whose proofs have tasks: those settled as valid or invalid. What most validators could not fetch, members could not fetch
 * either.
 */
export const settledExecutors = ({ outcomes }: Pick<SettledSprint, "outcomes">): ReadonlySet<string> =>
  new Set(outcomes.filter(({ outcome }) => outcome === "valid" || outcome === "invalid").map(({ hotkey }) => hotkey));
