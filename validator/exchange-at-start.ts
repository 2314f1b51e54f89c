import { cycleAtStart, type DutyAtStart, doAtStart } from "./at-start.js";
import type { Validator } from "./context.js";
import { exchangeReports } from "./exchange.js";
import { tellOwnReport } from "./judge/report.js";

const EXCHANGE: DutyAtStart = { duty: "exchange", name: "the exchange", phase: "exchange" };

/**
 * Exchanges the reports of the cycle under way, where this validator had signed its own when it was stopped. Else reports would not count where many
 * validators start again at once.
 *
 * @throws as `doAtStart` does
 */
export const exchangeAtStart = async (
  starting: Pick<Validator, "participant" | "journal" | "metrics">,
): Promise<void> => {
  const { participant, journal } = starting;
  const cycle = cycleAtStart(participant, EXCHANGE);
  if (cycle === null) return;
  const { report, exchanged } = journal.value.cycles[cycle] ?? {};
  if (report === undefined || exchanged !== undefined) return;
  await tellOwnReport(starting, cycle);
  await doAtStart(participant, cycle, EXCHANGE, (bounded) => exchangeReports({ journal, participant: bounded }, cycle));
};
