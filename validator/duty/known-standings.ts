import { type DutyStanding, dutyStandings } from "#shared/compute/duty/standing.js";
import { regularSprints } from "#shared/compute/sprint-window.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { withDuty } from "#shared/protocol/sprint.js";
import type { Validator } from "../context.js";

/**
 * Hotkey → standing for a cycle's pay, from the duty that this validator closed: of the Sprints up to two cycles before. Undefined if it closed none of them.
 */
export const knownStandings = async (
  { participant, journal }: Pick<Validator, "participant" | "journal">,
  cycle: number,
): Promise<ReadonlyMap<string, DutyStanding> | undefined> => {
  const past = await regularSprints(cycleSource(participant), cycle - 1);
  const parts = past.flatMap(({ cycle: of, sprint }) => {
    const closed = withDuty(sprint) && journal.value.duties.find((one) => one.cycle === of);
    return closed ? [closed.parts] : [];
  });
  return parts.length === 0 ? undefined : dutyStandings(parts);
};
