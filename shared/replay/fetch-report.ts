import { MAX_REPORT_BYTES, type Report } from "#shared/protocol/report.js";
import { type CommittedReport, mismatchOf, type ReportedCycle, readReport } from "./reports.js";
import type { CycleSource } from "./source.js";

/** A fetched report: its bytes, and the report parsed from them. */
export interface FetchedReport {
  /** Null if the bytes are no report of its validator. */
  readonly report: Report | null;
  /** Why it is no report on the cycle. Null if it is one. */
  readonly problem: string | null;
}

/** Fetches a report that a validator committed, and checks it against the cycle. @throws BlockZeroError FETCH_… if it is not available */
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
