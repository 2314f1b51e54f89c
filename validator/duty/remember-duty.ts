import type { DutyResult } from "#shared/compute/duty/read-duty.js";
import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import type { Validator } from "../context.js";

/** Closed duties that are remembered: those of a window, and some that a change of the window may ask for. */
const KEPT = 2 * SPRINT_WINDOW;

/** Stores how a Sprint's duty was closed. What was read in part takes the place of nothing. */
export const rememberDuty = (
  journal: Validator["journal"],
  { cycle, parts, isWhole }: Pick<DutyResult, "cycle" | "parts" | "isWhole">,
): void =>
  journal.note((value) => {
    if (!isWhole && value.duties.some((past) => past.cycle === cycle)) return value;
    const others = value.duties.filter((past) => past.cycle !== cycle);
    return {
      ...value,
      duties: [...others, { cycle, isWhole, parts: [...parts] }].sort((a, b) => a.cycle - b.cycle).slice(-KEPT),
    };
  });
