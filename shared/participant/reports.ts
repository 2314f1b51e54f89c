import type { Commitment } from "#shared/chain/chain.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { isInPhase, phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import { isReportSigned, MAX_REPORT_BYTES, parseReport, type Report } from "#shared/protocol/report.js";
import { permittedStakes, type Stakes } from "#shared/protocol/stake.js";
import { verify } from "#shared/wallet/index.js";
import type { Participant } from "./join.js";
import { withPatience } from "./patience.js";

/** What the validators said about a cycle, and the stake behind each. */
export interface CycleReports {
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
}

type Reader = Pick<Participant, "chain" | "clock" | "models" | "network" | "networkHash" | "blobs" | "log" | "signal">;

/** Share of the merge phase in which a report that cannot be had is asked for again. */
const PATIENCE = 1 / 3;

/**
 * The reports that permitted validators committed inside the cycle's evaluate phase, fetched and checked: hash, author, signature.
 * One that its validator does not serve is asked of the others, and tried again at every block for a third of the merge phase; then it is
 * left out and logged. Call it once the evaluate phase is over.
 */
export const collectReports = async (reader: Reader, cycle: number): Promise<CycleReports> => {
  const { chain, clock, network, log, signal } = reader;
  const at = phaseWindow(cycle, "evaluate", network.phases).end - 1;
  const merge = phaseWindow(cycle, "merge", network.phases);
  const [metagraph, commitments] = await Promise.all([
    chain.metagraph(network.netuid, at),
    chain.commitments(network.netuid, at),
  ]);
  const stakes = permittedStakes(metagraph.neurons);
  const promised = commitments.flatMap((commitment) => promisedReport(reader, commitment, cycle, stakes));
  const deadline = Math.max(clock.head.number + 2, merge.start + Math.ceil((merge.end - merge.start) * PATIENCE));

  return withPatience(clock, deadline, signal, async (patience) => {
    const reports = await Promise.all(
      promised.map(async (promise) => {
        for (;;) {
          const tried = clock.head.number;
          try {
            return await fetchReport(reader, promise, patience);
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
    return { reports: reports.filter((report) => report !== null), stakes };
  });
};

interface PromisedReport {
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
}

/** What a commitment promises: a report of this cycle, by a validator that may vote, in time; else nothing. */
const promisedReport = (
  { network, networkHash }: Reader,
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
  return counts ? [{ hotkey, hash, location }] : [];
};

const fetchReport = async (
  { blobs, models }: Reader,
  { hotkey, hash, location }: PromisedReport,
  signal: AbortSignal,
): Promise<Report> => {
  const locations = async () => [location, ...(await models.servers())];
  const report = parseReport(await blobs.get({ hash, maxBytes: MAX_REPORT_BYTES, locations, signal }));
  if (!report.ok) throw unusable(report.problem);
  if (report.value.validator !== hotkey || !isReportSigned(report.value, verify))
    throw unusable("not signed by its hotkey");
  return report.value;
};

const unusable = (problem: string) =>
  new BlockZeroError("REPORT_UNUSABLE", problem, "tell the validator to update BlockZero");

/** A server may be back in a moment; a report that is no report stays one. */
const isTransient = (thrown: unknown): boolean =>
  thrown instanceof BlockZeroError && thrown.code.startsWith("FETCH_") && thrown.code !== "FETCH_HASH_MISMATCH";
