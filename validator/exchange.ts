import { faultFields } from "#shared/participant/fault-fields.js";
import { holdReports } from "#shared/participant/reports.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { note } from "#shared/participant/writes/journal.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { dueBlock } from "#shared/protocol/phases.js";
import type { Validator } from "./context.js";
import { ownReportReplaced } from "./seeds-in-force.js";
import { windowLeft } from "./window-left.js";

/**
 * Fetches the cycle's reports from any participant that has them, so that this validator can serve them. Then records
 * on chain, once, which reports it holds. It waits for a server that cannot be reached, but leaves enough time for the
 * record.
 */
export const exchangeReports = async (
  validator: Pick<Validator, "participant" | "journal">,
  cycle: number,
): Promise<void> => {
  const { participant, journal } = validator;
  const { clock, signal, log } = participant;
  if (journal.value.cycles[cycle]?.exchanged !== undefined) return;
  const window = windowLeft(participant, cycle, "exchange");
  await clock.reach(window.start - 1, signal);
  const own = journal.value.cycles[cycle]?.report;
  const replaced = own === undefined ? null : await ownReportReplaced(participant, cycle, own);
  if (replaced !== null) log.error("our own report counts for nothing", { cycle, ...faultFields(replaced) });
  const held = await holdReports(participant, cycle, dueBlock(window));
  const block = await commitRecord(
    participant,
    { type: "held", cycle, held: held.filter((number) => number < MAX_HELD) },
    window,
  );
  note(validator, cycle, { exchanged: block });
  log.info("exchanged reports", { cycle, held: held.length, block });
};
