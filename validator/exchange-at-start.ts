import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { isBlockLeft, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Validator } from "./context.js";
import { exchangeReports } from "./exchange.js";
import { tellOwnReport } from "./judge/report.js";

/**
 * Exchanges the reports of the cycle under way, where this validator had signed its own when it was stopped. That needs no model: it is begun before one is
 * opened, which may take longer than the phase. Else reports would not count where many validators start again at once.
 *
 * @throws what keeps it from that: the cycle tries it again, and says so
 */
export const exchangeAtStart = async (
  starting: Pick<Validator, "participant" | "journal" | "metrics">,
): Promise<void> => {
  const { participant, journal } = starting;
  const { clock, network } = participant;
  const { cycle } = phaseAt(clock.head.number + 1, network.phases);
  const { report, exchanged } = journal.value.cycles[cycle] ?? {};
  const window = phaseWindow(cycle, "exchange", network.phases);
  if (report === undefined || exchanged !== undefined || !isBlockLeft(window, clock.head.number)) return;
  await tellOwnReport(starting, cycle);
  const limit = { duty: "exchange", name: `the exchange of cycle ${cycle}`, deadline: window.end + 1 } as const;
  await dutyThroughFaults(
    participant,
    limit,
    (bounded) => exchangeReports({ journal, participant: bounded }, cycle),
    isFetchFault,
  );
};
