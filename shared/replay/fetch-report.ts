import { MAX_REPORT_BYTES, type Report } from "#shared/protocol/report.js";
import { type CommittedReport, mismatchOf, type ReportedCycle, readReport } from "./reports.js";
import type { CycleSource } from "./source.js";

/** A report's bytes as they were had, read. */
export interface FetchedReport {
  /** Null where the bytes are no report of its validator. */
  readonly report: Report | null;
  /** Why it says nothing of the cycle that is asked about; null where it does. */
  readonly problem: string | null;
}

/** Fetches a report that a validator committed, and holds it against the cycle. @throws BlockZeroError FETCH_… where it cannot be had */
export const fetchReport = async (
  source: CycleSource,
  { hash, hotkey, location }: Pick<CommittedReport, "hash" | "hotkey" | "location">,
  cycle: Omit<ReportedCycle, "networkHash">,
): Promise<FetchedReport> => {
  const { network, networkHash } = source;
  const read = readReport(await source.fetch({ hash, maxBytes: MAX_REPORT_BYTES, location }), hotkey, network);
  if (!read.ok) return { report: null, problem: read.problem };
  return { report: read.value, problem: mismatchOf(read.value, { networkHash, ...cycle }) };
};
