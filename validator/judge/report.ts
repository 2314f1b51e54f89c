import { BlockZeroError } from "#shared/errors/error.js";
import { giveAway, keepSecret } from "#shared/participant/secret-document.js";
import { commitRecord } from "#shared/participant/writes/commit-record.js";
import { mark, note } from "#shared/participant/writes/journal.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { BLOCKS_TO_RECORD, type BlockRange, phaseWindow } from "#shared/protocol/phases.js";
import { reportHash } from "#shared/protocol/report.js";
import { signDocument } from "#shared/protocol/signing.js";
import { readReport } from "#shared/replay/reports.js";
import type { Validator } from "../context.js";
import { measureBySeeds, ownReport, ownReportReplaced } from "../seeds-in-force.js";
import { windowLeft } from "../window-left.js";
import { judgeCycle } from "./judge.js";
import { keptJudgement } from "./kept-judgement.js";
import { tellReport } from "./observe-judging.js";

/**
 * Judges the cycle's updates, signs the report, keeps it secret until the phase is over, and commits its hash, once.
 */
export const report = async (validator: Validator, cycle: number): Promise<void> => {
  if (validator.journal.value.cycles[cycle]?.reported !== undefined) return;
  const window = windowLeft(validator.participant, cycle, "evaluate");
  await send(validator, cycle, (await keptReport(validator, cycle)) ?? (await made(validator, cycle, window)));
};

/**
 * Puts the report on chain that was signed before a restart, if there is one that is not there yet. That takes no meter.
 *
 * @throws as `report` does
 */
export const reportAsKept = async (validator: Reporting, cycle: number): Promise<void> => {
  if (validator.journal.value.cycles[cycle]?.reported !== undefined) return;
  const kept = await keptReport(validator, cycle);
  if (kept !== undefined) await send(validator, cycle, kept);
};

type Reporting = Pick<Validator, "participant" | "journal">;

/** Hash of the report that was signed before a restart: a signer signs one a cycle. @throws EVALUATION_SEED_REPLACED */
const keptReport = async ({ participant, journal }: Reporting, cycle: number): Promise<string | undefined> => {
  const hash = journal.value.cycles[cycle]?.report;
  const replaced = hash === undefined ? null : await ownReportReplaced(participant, cycle, hash);
  if (replaced !== null) throw replaced;
  return hash;
};

/** Judges, signs and stores a report. @returns its hash */
const made = async (validator: Validator, cycle: number, { end }: BlockRange): Promise<string> => {
  const { participant, meter, updateMeter = meter, metrics, timer, witnesses } = validator;
  const { home, network, networkHash, signer } = participant;
  const kept = keptJudgement(home, { network: networkHash, cycle, validator: signer.address });
  const seeds = { cycle, purpose: "evaluate", last: end - BLOCKS_TO_RECORD, kept } as const;
  const judgement = await measureBySeeds(participant, seeds, () =>
    judgeCycle(participant, updateMeter, cycle, { timer, metrics, witnesses }),
  );
  const judged = await signDocument(judgement, signer);
  const hash = reportHash(judged);
  const bytes = canonicalBytes(judged);
  const read = readReport(bytes, signer.address, network);
  if (!read.ok)
    throw new BlockZeroError("REPORT_UNUSABLE", `our own report is refused: ${read.problem}`, "report this as a bug");
  // Nobody can copy it in time: a report record in a later block does not count.
  await keepSecret(participant, { hash, bytes, from: end - 1 });
  mark(validator, cycle, { report: hash });
  return hash;
};

const send = async (validator: Reporting, cycle: number, hash: string): Promise<void> => {
  const { participant } = validator;
  const { location, network, log } = participant;
  const window = phaseWindow(cycle, "evaluate", network.phases);
  const block = await commitRecord(participant, { type: "report", cycle, report: hash, location }, window);
  note(validator, cycle, { reported: block });
  log.info("reported", { cycle, report: hash, block });
};

/**
 * From the block on from which the cycle's report is served: has a copy of it go to the store elsewhere, and writes to the instruments and the
 * metrics what it says. Who reads any of these before could commit a copy of it.
 */
export const tellOwnReport = async (
  { participant, journal, metrics }: Pick<Validator, "participant" | "journal" | "metrics">,
  cycle: number,
): Promise<void> => {
  const { clock, network, signal, telemetry } = participant;
  const { report: hash, exchanged } = journal.value.cycles[cycle] ?? {};
  if (hash === undefined || exchanged !== undefined) return;
  await clock.reach(phaseWindow(cycle, "evaluate", network.phases).end - 1, signal);
  await giveAway(participant, cycle, hash);
  const signed = await ownReport(participant, hash);
  if (signed !== null) tellReport(telemetry, metrics, signed);
};
