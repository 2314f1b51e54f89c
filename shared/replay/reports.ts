import type { Network } from "#shared/protocol/network.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { isReportSigned, parseReport, type Report } from "#shared/protocol/report.js";
import { isMajority, permittedStakes, type Stakes, sumStake } from "#shared/protocol/stake.js";
import { reportProblem } from "#shared/scoring/report-problem.js";
import { verify } from "#shared/wallet/index.js";
import { lastBlockFor, phaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";
import { readVoters } from "./voters.js";

/** A report that a validator bound itself to in time. */
export interface CommittedReport {
  readonly uid: number;
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
  /** The record's text, and the block that included it. */
  readonly record: string;
  readonly block: number;
}

/** A committed report and who holds it. */
export interface ExchangedReport extends CommittedReport {
  readonly holders: readonly string[];
  /** Their share of the voting stake, of 1. */
  readonly heldBy: number;
  /** Whether they have more than half of it, so that the report counts. */
  readonly counts: boolean;
}

/** What the exchange of a cycle's reports came to. */
export interface Exchange {
  /** By ascending uid. */
  readonly reports: readonly ExchangedReport[];
  /** Who votes on the cycle. */
  readonly stakes: Stakes;
  /** Validators that vote and said what they hold, hotkeys. */
  readonly exchanged: ReadonlySet<string>;
  /** Those with a permit and stake that do not vote, because they wrote no record for long; hotkeys by ascending uid. */
  readonly silent: readonly string[];
}

/** Reports that voting validators committed inside the cycle's evaluate phase, as chain state has them at its last block; by ascending uid. */
export const committedReports = async (context: CycleContext, cycle: number): Promise<readonly CommittedReport[]> => {
  const { stakes, metagraph, commitments } = await readVoters(context, cycle, lastBlockFor("report", cycle, context));
  const uids = new Map(metagraph.neurons.map(({ hotkey, uid }) => [hotkey, uid]));
  return [...phaseRecords("report", cycle, commitments, context)]
    .flatMap(([hotkey, { record, text, block }]): CommittedReport[] => {
      const uid = uids.get(hotkey);
      if (uid === undefined || !stakes.has(hotkey)) return [];
      return [{ uid, hotkey, hash: record.report, location: record.location, record: text, block }];
    })
    .sort((a, b) => a.uid - b.uid);
};

/**
 * Which reports of a cycle count: those that validators with more than half of the voting stake say they hold, in the state at the last
 * block of the exchange phase. The chain makes it the same set for everybody, and among the holders of each is somebody honest who serves it.
 */
export const exchangedReports = async (context: CycleContext, cycle: number): Promise<Exchange> => {
  const [committed, { stakes, metagraph, commitments }] = await Promise.all([
    committedReports(context, cycle),
    readVoters(context, cycle, lastBlockFor("held", cycle, context)),
  ]);
  const held = new Map<string, ReadonlySet<number>>();
  for (const [hotkey, { record }] of phaseRecords("held", cycle, commitments, context))
    if (stakes.has(hotkey)) held.set(hotkey, new Set(record.held));
  const total = sumStake(stakes.values());
  const reports = committed.map((promise, number): ExchangedReport => {
    const holders = [...held].flatMap(([hotkey, numbers]) => (numbers.has(number) ? [hotkey] : []));
    const stake = sumStake(holders.map((hotkey) => stakes.get(hotkey)!));
    const heldBy = total === 0n ? 0 : Number(stake) / Number(total);
    return { ...promise, holders, heldBy, counts: isMajority(stake, stakes) };
  });
  const silent = [...permittedStakes(metagraph.neurons).keys()].filter((hotkey) => !stakes.has(hotkey));
  return { reports, stakes, exchanged: new Set(held.keys()), silent };
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

export interface ReportedCycle {
  readonly networkHash: string;
  readonly cycle: number;
  /** As the chain gives them: group → evaluation seed. */
  readonly seeds: Report["seeds"];
  /** The agreed model; unset where it is not asked about. */
  readonly base?: string;
}

/** Why a report says nothing of a cycle; null where it does. */
export const mismatchOf = (report: Report, { networkHash, cycle, seeds, base }: ReportedCycle): string | null => {
  if (report.network !== networkHash) return `its report is about network ${report.network}`;
  if (report.cycle !== cycle) return `its report is about cycle ${report.cycle}`;
  const problem = seedProblem(report, seeds);
  if (problem !== null) return problem;
  return base === undefined || report.base === base
    ? null
    : `its report is about model ${report.base}, not the agreed one`;
};

/** Where a report's seeds are not those that the chain gives: whoever measured on other batches chose them. Null where they are. */
const seedProblem = (report: Report, seeds: Report["seeds"]): string | null => {
  for (const group of new Set([...Object.keys(seeds), ...Object.keys(report.seeds)]))
    if (report.seeds[group] !== seeds[group])
      return `its evaluation seed of group "${group}" is ${report.seeds[group] ?? "missing"}, the chain gives ${seeds[group] ?? "none"}`;
  return null;
};
