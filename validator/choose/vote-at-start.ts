import { cycleAtStart, type DutyAtStart, doAtStart } from "../at-start.js";
import type { Validator } from "../context.js";
import { voteAsKept } from "./vote.js";

const BALLOT: DutyAtStart = { duty: "ballot", name: "the ballot", phase: "choose" };

/** Sends the ballot of the cycle under way, where this validator had made it when it was stopped. @throws as `doAtStart` does */
export const voteAtStart = async ({
  participant,
  journal,
}: Pick<Validator, "participant" | "journal">): Promise<void> => {
  const cycle = cycleAtStart(participant, BALLOT);
  if (cycle === null || journal.value.cycles[cycle]?.ballot === undefined) return;
  await doAtStart(participant, cycle, BALLOT, (bounded) => voteAsKept({ journal, participant: bounded }, cycle));
};
