import type { Commitment } from "#shared/chain/chain.js";
import type { Network } from "#shared/protocol/network.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { accepted, refused } from "#shared/protocol/parsed.js";
import { isInPhase, phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import { isReportSigned, parseReport, type Report } from "#shared/protocol/report.js";
import { permittedStakes, type Stakes } from "#shared/protocol/stake.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
import { verify } from "#shared/wallet/index.js";
import type { CycleContext } from "./source.js";

/** A report that a validator bound itself to in time. */
export interface PromisedReport {
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
  /** The record on chain, and the block that included it. */
  readonly record: string;
  readonly block: number;
}

/** The reports that permitted validators committed inside the cycle's evaluate phase, and the stake that votes, at its last block. */
export const promisedReports = async (
  source: CycleContext,
  cycle: number,
): Promise<{ readonly promised: readonly PromisedReport[]; readonly stakes: Stakes }> => {
  const { chain, network } = source;
  const at = phaseWindow(cycle, "evaluate", network.phases).end - 1;
  const [metagraph, commitments] = await Promise.all([
    chain.metagraph(network.netuid, at),
    chain.commitments(network.netuid, at),
  ]);
  const stakes = permittedStakes(metagraph.neurons);
  return { promised: commitments.flatMap((commitment) => promiseIn(source, commitment, cycle, stakes)), stakes };
};

/** What a commitment promises: a report of this cycle, by a validator that may vote, in time; else nothing. */
const promiseIn = (
  { network, networkHash }: CycleContext,
  { hotkey, data, block }: Commitment,
  cycle: number,
  stakes: Stakes,
): PromisedReport[] => {
  const record = parseRecord(data);
  if (!record.ok || record.value.type !== "report") return [];
  const { cycle: of, network: tag, report: hash, location } = record.value;
  const counts =
    of === cycle &&
    tag === shortHash(networkHash) &&
    stakes.has(hotkey) &&
    isInPhase(block, cycle, "evaluate", network.phases);
  return counts ? [{ hotkey, hash, location, record: data, block }] : [];
};

/** Reads a report's bytes: it must be one, its validator must have signed it, and its figures must be possible under the network file. */
export const readReport = (bytes: Uint8Array, hotkey: string, network: Network): Parsed<Report> => {
  const report = parseReport(bytes);
  if (!report.ok) return report;
  if (report.value.validator !== hotkey || !isReportSigned(report.value, verify))
    return refused("not signed by its hotkey");
  const problem = reportProblem(report.value, network);
  return problem === null ? accepted(report.value) : refused(problem);
};
