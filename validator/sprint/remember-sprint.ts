import { SPRINT_WINDOW } from "#shared/compute/confirmed.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import type { Validator } from "../context.js";

/** Sprints that are remembered: those of a window, and some that a change of the window may ask for. */
const KEPT = 2 * SPRINT_WINDOW;

/** Stores how a Sprint was settled. */
export const rememberSprint = (
  journal: Validator["journal"],
  { cycle, outcomes, isWhole }: Pick<SprintResult, "cycle" | "outcomes" | "isWhole">,
): void =>
  journal.update((value) => ({
    ...value,
    sprints: [
      ...value.sprints.filter((past) => past.cycle !== cycle),
      {
        cycle,
        isWhole,
        outcomes: outcomes.map(({ uid, hotkey, outcome, measured, low, high }) => ({
          ...{ uid, hotkey, outcome, measured, low, high },
        })),
      },
    ]
      .sort((a, b) => a.cycle - b.cycle)
      .slice(-KEPT),
  }));
