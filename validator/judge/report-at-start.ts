import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { isBlockLeft, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Validator } from "../context.js";
import { reportAsKept } from "./report.js";

/**
 * Puts the report of the cycle under way on chain, where this validator had signed it when it was stopped. That needs no model: it is begun before one is
 * opened, which may take longer than the phase.
 *
 * @throws what keeps it from that: the cycle tries it again, and says so
 */
export const reportAtStart = async (starting: Pick<Validator, "participant" | "journal">): Promise<void> => {
  const { participant, journal } = starting;
  const { clock, network } = participant;
  const { cycle } = phaseAt(clock.head.number + 1, network.phases);
  const window = phaseWindow(cycle, "evaluate", network.phases);
  if (journal.value.cycles[cycle]?.report === undefined || !isBlockLeft(window, clock.head.number)) return;
  const limit = { duty: "report", name: `the report of cycle ${cycle}`, deadline: window.end + 1 } as const;
  await dutyThroughFaults(
    participant,
    limit,
    (bounded) => reportAsKept({ journal, participant: bounded }, cycle),
    isFetchFault,
  );
};
