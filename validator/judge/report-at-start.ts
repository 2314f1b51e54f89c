import { cycleAtStart, type DutyAtStart, doAtStart } from "../at-start.js";
import type { Validator } from "../context.js";
import { reportAsKept } from "./report.js";

const REPORT: DutyAtStart = { duty: "report", name: "the report", phase: "evaluate" };

/** Puts the report of the cycle under way on chain, where this validator had signed it when it was stopped. @throws as `doAtStart` does */
export const reportAtStart = async ({
  participant,
  journal,
}: Pick<Validator, "participant" | "journal">): Promise<void> => {
  const cycle = cycleAtStart(participant, REPORT);
  if (cycle === null || journal.value.cycles[cycle]?.report === undefined) return;
  await doAtStart(participant, cycle, REPORT, (bounded) => reportAsKept({ journal, participant: bounded }, cycle));
};
