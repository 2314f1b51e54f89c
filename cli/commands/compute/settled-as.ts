import { type SprintOutcome, whyInvalid } from "#shared/compute/outcome.js";

/** How a proof was settled, with the reason where it is invalid. */
export const settledAs = (settled: SprintOutcome): string =>
  settled.outcome === "invalid" ? `invalid: ${whyInvalid(settled)}` : settled.outcome;
