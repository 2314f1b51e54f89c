import { attempt } from "#shared/participant/attempt.js";
import { isWindowOpen } from "#shared/participant/window-open.js";
import { isBlockLeft, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { confirmedCycle, type Sprint, sprintOf } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { Sprinter } from "./context.js";
import { limitOf } from "./limits.js";
import { logVerdicts } from "./log-verdicts.js";
import { showSprint } from "./observe-sprint.js";
import { runSprint } from "./run-sprint.js";

/**
 * Takes part in the network's Sprints until the participant's signal aborts, beside the cycles: whatever fails in a Sprint costs that Sprint and
 * nothing else. Without Sprints it only waits.
 */
export const runSprints = async (sprinter: Sprinter): Promise<never> => {
  const { clock, network, signal, telemetry } = sprinter.participant;
  const { cycle: current } = phaseAt(clock.head.number + 1, network.phases);
  for (let cycle = Math.max(network.first_cycle, current); ; cycle++) {
    await clock.reach(phaseWindow(cycle, "distribute", network.phases).start - 1, signal);
    const sprint = sprintOf(network, cycle) ?? (confirmedCycle(network, cycle) === null ? undefined : network.sprint);
    if (!sprint) continue;
    await attempt(sprinter.participant, { failure: "missed Sprint", cycle }, async () => {
      if (!isInTime(sprinter, cycle, sprint)) return;
      showSprint(telemetry.instruments).state("idle");
      await runSprint(sprinter, cycle, sprint);
      void logVerdicts(sprinter, cycle);
    });
  }
};

/**
 * Whether a proof can still go on chain. That its window passed is told where there was a Sprint for sure, and the miner takes part: not of a
 * confirmation.
 */
const isInTime = (sprinter: Sprinter, cycle: number, sprint: Sprint): boolean => {
  const { participant, journal } = sprinter;
  const { clock, network } = participant;
  const window = recordWindow("sprint", cycle, network);
  const isDone = journal.value.cycles[cycle]?.sprint?.committed !== undefined;
  if (isDone || sprintOf(network, cycle) === undefined || limitOf(sprinter, sprint) !== null)
    return isBlockLeft(window, clock.head.number);
  return isWindowOpen(participant, { record: "sprint", window, name: `the Sprint of cycle ${cycle}` });
};
