import type { GateFailure } from "#shared/artifact/gates.js";

/**
 * What its operator does about an update that this validator lacks: nothing, unless the fault is its own.
 *
 * @param others what comes of it all the same
 */
export const remedyFor = ({ reason }: Pick<GateFailure, "reason">, others: string): string =>
  reason === "validator_failed"
    ? `mend what the line names, such as a full disk; until then ${others}`
    : `nothing to do: ${others}`;
