import type { SprintOutcome } from "#shared/compute/outcome.js";

/** How a proof was settled, with the reason where it is invalid. */
export const settledAs = ({ outcome, nonce, fault }: SprintOutcome): string =>
  outcome === "invalid" ? `invalid: ${nonce === null ? fault : `nonce ${nonce} does not win`}` : outcome;
