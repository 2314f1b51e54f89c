import type { CycleSource } from "#shared/replay/source.js";
import { type DutyWindow, type ReadDutyWindowOptions, readDutyWindow } from "./duty/read-duty-window.js";
import type { PayFacts } from "./gate.js";
import type { SprintResult } from "./read-sprint.js";
import { type KnownSprints, readSprintWindow, type SprintWindow } from "./read-window.js";

/** The Sprints and the duty that pay in a cycle depends on, as far as they can still be read. */
export interface PayWindow extends SprintWindow, PayFacts {
  readonly confirmed: SprintWindow["confirmed"];
  readonly duty: DutyWindow;
}

/** Reads and settles the Sprints, and closes the duty, that pay in a cycle depends on. @throws what reading the chain and recomputing throw */
export const readPayWindow = async (
  source: CycleSource,
  cycle: number,
  options: ReadDutyWindowOptions,
): Promise<PayWindow> => {
  const known: KnownSprints<SprintResult> = options.known ?? new Map();
  const sprints = await readSprintWindow(source, cycle, { ...options, known });
  const duty = await readDutyWindow(source, cycle, { ...options, known, sprints });
  return { ...sprints, duty, standings: duty.standings };
};
