import { attempt } from "#shared/participant/duty.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { confirmedCycle, sprintOf } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { Sprinter } from "./context.js";
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
    if (!sprint || clock.head.number >= recordWindow("sprint", cycle, network).end - 1) continue;
    await attempt(sprinter.participant, { failure: "Missed Sprint", cycle }, async () => {
      showSprint(telemetry.instruments).state("idle");
      await runSprint(sprinter, cycle, sprint);
      void logVerdicts(sprinter, cycle);
    });
  }
};
