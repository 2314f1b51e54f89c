import { readVoters } from "#shared/chain/voters.js";
import type { Network } from "#shared/protocol/network.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { isReportSigned, parseReport, type Report } from "#shared/protocol/report.js";
import { holdersOf, isReportUnheard } from "#shared/protocol/voting/holders.js";
import { permittedStakes, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
import { verify } from "#shared/wallet/index.js";
import { committedBy } from "./committed.js";
import { lastBlockFor, phaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";

/** A report that a validator committed in time. */
export interface CommittedReport {
  readonly uid: number;
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
  /** The record's text, and the block that included it. */
  readonly record: string;
  readonly block: number;
}

/** A committed report and the stake that holds it. */
export interface ExchangedReport extends CommittedReport {
  readonly holders: readonly string[];
  /** The holders' share of the voting stake, as a fraction of 1. */
  readonly heldBy: number;
  /** Whether the holders have more than half of the voting stake, so that the report counts. */
  readonly counts: boolean;
}

/** The result of the exchange of a cycle's reports. */
export interface Exchange {
  /** By ascending uid. */
  readonly reports: readonly ExchangedReport[];
  /** The stakes that vote on the cycle. */
  readonly stakes: Stakes;
  /** Hotkeys whose report does not count, though they and most of the stake that says what it holds do hold it; by ascending uid. */
  readonly unheard: readonly string[];
  /** Hotkeys of the voting validators that recorded what they hold. */
  readonly exchanged: ReadonlySet<string>;
  /** Hotkeys with a permit and stake that do not vote, because they wrote no record for a long time; by ascending uid. */
  readonly silent: readonly string[];
}

/** Reports that voting validators committed inside the cycle's evaluate phase, in the state after its last block; by ascending uid. */
export const committedReports = async (context: CycleContext, cycle: number): Promise<readonly CommittedReport[]> =>
  (await committedBy(context, "report", cycle)).map(
    ({ uid, hotkey, record, text, block }): CommittedReport => ({
      uid,
      hotkey,
      hash: record.report,
      location: record.location,
      record: text,
      block,
    }),
  );

/**
 * Which reports of a cycle count: those that validators with more than half of the voting stake say they hold, in the state at the last block of the
 * exchange phase. The chain gives everybody the same set, and at least one holder of each report is honest and serves it. Whose report is unheard the
 * chain says as well; nobody needs its bytes.
 */
export const exchangedReports = async (context: CycleContext, cycle: number): Promise<Exchange> => {
  const [committed, { stakes, metagraph, commitments }] = await Promise.all([
    committedReports(context, cycle),
    readVoters(context, cycle, lastBlockFor("held", cycle, context)),
  ]);
  const said = [...phaseRecords("held", cycle, commitments, context)].filter(([hotkey]) => stakes.has(hotkey));
  const holdersBy = holdersOf(
    said.map(([hotkey, { record }]) => [hotkey, record.held]),
    stakes,
  );
  const total = sumStake(stakes.values());
  const reports = committed.map((one, number): ExchangedReport => {
    const { holders, stake, counts } = holdersBy(number);
    return { ...one, holders, heldBy: total === 0n ? 0 : Number(stake) / Number(total), counts };
  });
  const unheard = committed.flatMap(({ hotkey }, number) =>
    isReportUnheard(holdersBy(number), hotkey) ? [hotkey] : [],
  );
  const silent = [...permittedStakes(metagraph.neurons).keys()].filter((hotkey) => !stakes.has(hotkey));
  return { reports, stakes, unheard, exchanged: new Set(said.map(([hotkey]) => hotkey)), silent };
};

/** Parses a report. It must be well formed, its validator must have signed it, and its figures must be possible under the network file. */
export const readReport = (bytes: Uint8Array, hotkey: string, network: Network): Parsed<Report> => {
  const report = parseReport(bytes);
  if (!report.ok) return report;
  if (report.value.validator !== hotkey || !isReportSigned(report.value, verify))
    return refused("not signed by its hotkey");
  const problem = reportProblem(report.value, network);
  return problem === null ? accepted(report.value) : refused(problem);
};

export interface ReportedCycle {
  readonly networkHash: string;
  readonly cycle: number;
  /** Group → evaluation seed, as the chain gives them. */
  readonly seeds: Report["seeds"];
  /** The agreed model. Unset: not checked. */
  readonly base?: string;
}

/** Why a report is no report on a cycle. Null if it is one. */
export const mismatchOf = (report: Report, { networkHash, cycle, seeds, base }: ReportedCycle): string | null => {
  if (report.network !== networkHash) return `its report is about network ${report.network}`;
  if (report.cycle !== cycle) return `its report is about cycle ${report.cycle}`;
  const problem = seedProblem(report, seeds);
  if (problem !== null) return problem;
  return base === undefined || report.base === base
    ? null
    : `its report is about model ${report.base}, not the agreed one`;
};

/** Where a report's seeds differ from those of the chain: a validator with other seeds chose its batches itself. Null if they are equal. */
const seedProblem = (report: Report, seeds: Report["seeds"]): string | null => {
  for (const group of new Set([...Object.keys(seeds), ...Object.keys(report.seeds)]))
    if (report.seeds[group] !== seeds[group])
      return `its evaluation seed of group "${group}" is ${report.seeds[group] ?? "missing"}, the chain gives ${seeds[group] ?? "none"}`;
  return null;
};
