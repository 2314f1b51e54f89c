import { isDrawn } from "#shared/compute/confirmation.js";
import { idleWindow } from "#shared/compute/idle-window.js";
import { awaitSprintSeed } from "#shared/participant/await-seeds.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { isBlockLeft } from "#shared/protocol/phases.js";
import { idleSprint, type PlayedSprint, type Sprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { askedDifficulty } from "./asked.js";
import type { Sprinter } from "./context.js";
import { limitOf } from "./limits.js";
import { markSprint } from "./mark-sprint.js";

/** What the log says, and one reason. */
export const UNPROVEN = "idle time is not proven: a part of the weight does not count";
export const WINDOW_OVER = "its window is over";

/** Whether no record of a cycle's idle time can be included in time any more. */
export const isOver = ({ clock, network }: Sprinter["participant"], cycle: number): boolean =>
  !isBlockLeft(idleWindow(cycle, network), clock.head.number);

/**
 * What the miner is asked to show between two Sprints, and can: a confirmation, or idle time; the difficulty is then that of the Sprint before. Null
 * if nothing.
 */
export const askedIn = async (
  sprinter: Sprinter,
  cycle: number,
  { sprint, confirms }: { readonly sprint: Sprint; readonly confirms: number },
): Promise<PlayedSprint | null> => {
  const { participant, journal, config } = sprinter;
  const { log } = participant;
  const isBegun = journal.value.cycles[cycle]?.sprint !== undefined;
  const limit = {
    name: `whether cycle ${cycle} asks this miner`,
    deadline: recordWindow("sprint", cycle, participant.network).end,
  };
  const ask = () => askedDifficulty(sprinter, { cycle, confirms });
  const difficulty = isBegun ? null : await throughFaults(participant, limit, ask);
  if (!isBegun && (difficulty === null || (difficulty === undefined && config.compute.max_share === 0))) return null;
  const drawn =
    sprint.confirmations !== undefined &&
    isDrawn(await awaitSprintSeed(participant, { cycle, purpose: "sprint-confirmation" }), cycle, sprint);
  const played: PlayedSprint | undefined = drawn ? sprint : idleSprint(sprint);
  if (!played) return null;
  if (played.isIdle && isOver(participant, cycle)) {
    log.info(UNPROVEN, { cycle, confirms, reason: WINDOW_OVER });
    return null;
  }
  if (isBegun) return played;
  if (difficulty === undefined) {
    log.warn(
      `${drawn ? "a confirmation was drawn" : "idle time is to be proven"}, and neither the chain's state nor the journal says whether it asks this miner`,
      { cycle, confirms, hint: "use a chain endpoint that keeps the state of the last Sprint" },
    );
    return null;
  }
  const obstacle = limitOf(sprinter, sprint);
  if (obstacle !== null) {
    if (drawn)
      log.warn("a confirmation is missed: no weight counts until the next Sprint", {
        cycle,
        confirms,
        reason: obstacle,
      });
    else log.info(UNPROVEN, { cycle, confirms, reason: obstacle });
    return null;
  }
  markSprint(sprinter, cycle, { difficulty: difficulty! });
  log.info(drawn ? "a confirmation was drawn" : "idle time is proven", { cycle, confirms, difficulty });
  return played;
};
