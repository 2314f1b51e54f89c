import { isFetchFault } from "#shared/artifact/fetch-fault.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { MAX_REPORT_BYTES, type Report } from "#shared/protocol/report.js";
import type { Stakes } from "#shared/protocol/stake.js";
import { type PromisedReport, promisedReports, readReport } from "#shared/replay/reports.js";
import type { CycleSource } from "#shared/replay/source.js";
import { cycleSource } from "./cycle-source.js";
import type { Participant } from "./join.js";
import { withPatience } from "./patience.js";

/** What the validators said about a cycle, and the stake behind each. */
export interface CycleReports {
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
  /** The reports' records on chain, those of reports that could not be had among them. */
  readonly promised: readonly PromisedReport[];
}

type Reader = Pick<Participant, "chain" | "clock" | "models" | "network" | "networkHash" | "blobs" | "log" | "signal">;

/** Share of the choose phase in which a report that cannot be had is asked for again. */
const PATIENCE = 1 / 3;

/**
 * The reports that permitted validators committed inside the cycle's evaluate phase, fetched and checked: hash, author, signature.
 * One that its validator does not serve is asked of the others, and tried again at every block for a third of the choose phase; then it is
 * left out and logged. Call it once the evaluate phase is over.
 */
export const collectReports = async (reader: Reader, cycle: number): Promise<CycleReports> => {
  const { clock, network, log, signal } = reader;
  const choose = phaseWindow(cycle, "choose", network.phases);
  const { promised, stakes } = await promisedReports(reader, cycle);
  const deadline = Math.max(clock.head.number + 2, choose.start + Math.ceil((choose.end - choose.start) * PATIENCE));

  return withPatience(clock, deadline, signal, async (patience) => {
    const source = cycleSource(reader, { until: patience });
    const reports = await Promise.all(
      promised.map(async (promise) => {
        for (;;) {
          const tried = clock.head.number;
          try {
            return await fetchReport(source, promise);
          } catch (thrown) {
            signal.throwIfAborted();
            if (!isTransient(thrown) || patience.aborted || tried >= deadline - 1) {
              log.warn("report left out", { cycle, hotkey: promise.hotkey, reason: reasonOf(thrown) });
              return null;
            }
          }
          await clock.reach(tried + 1, signal);
        }
      }),
    );
    return { reports: reports.filter((report) => report !== null), stakes, promised };
  });
};

const fetchReport = async (source: CycleSource, promise: PromisedReport): Promise<Report> => {
  const { hash, location } = promise;
  const report = readReport(
    await source.fetch({ hash, maxBytes: MAX_REPORT_BYTES, location }),
    promise.hotkey,
    source.network,
  );
  if (report.ok) return report.value;
  throw new BlockZeroError("REPORT_UNUSABLE", report.problem, "tell the validator to update BlockZero");
};

/** A server may be back in a moment, and other bytes are its own; a report that is no report stays one. */
const isTransient = (thrown: unknown): boolean => isFetchFault(thrown);
