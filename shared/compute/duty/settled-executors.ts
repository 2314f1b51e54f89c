import type { SprintResult } from "../read-sprint.js";

/** Whose proofs have tasks: those that their Sprint settled as valid or invalid. A proof that a majority of validators could not have is none that a member could have drawn. */
export const settledExecutors = ({ outcomes }: Pick<SprintResult, "outcomes">): ReadonlySet<string> =>
  new Set(outcomes.filter(({ outcome }) => outcome === "valid" || outcome === "invalid").map(({ hotkey }) => hotkey));
