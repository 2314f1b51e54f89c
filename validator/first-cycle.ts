import type { PhasePosition } from "#shared/protocol/phases.js";
import type { ValidatorJournal } from "./journal.js";

/**
 * The cycle that a validator begins with when it starts: the one under way, or the last one in the distribute phase, in which its model still counts.
 * Whoever took part in that one owes it: its stake counts there, whichever of its records came in time.
 */
export const firstCycle = (
  { cycles }: Pick<ValidatorJournal, "cycles">,
  { cycle, phase }: Pick<PhasePosition, "cycle" | "phase">,
): number => {
  const last = cycles[cycle - 1];
  return phase === "distribute" && last !== undefined && last.published === undefined ? cycle - 1 : cycle;
};
