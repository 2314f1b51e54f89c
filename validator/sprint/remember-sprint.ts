import { SPRINT_WINDOW } from "#shared/compute/confirmed.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import type { Validator } from "../context.js";

/** Sprints that are remembered: those of a window, and some that a change of the window may ask for. */
const KEPT = 2 * SPRINT_WINDOW;

/** Stores how a Sprint was settled. What was read in part takes the place of nothing: files that were here may be gone since. */
export const rememberSprint = (
  journal: Validator["journal"],
  { cycle, outcomes, isWhole }: Pick<SprintResult, "cycle" | "outcomes" | "isWhole">,
): void =>
  journal.note((value) => {
    if (!isWhole && value.sprints.some((past) => past.cycle === cycle)) return value;
    return {
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
    };
  });
