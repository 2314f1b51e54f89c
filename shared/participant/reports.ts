import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Report } from "#shared/protocol/report.js";
import type { Stakes } from "#shared/protocol/stake.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { fetchReport } from "#shared/replay/fetch-report.js";
import {
  type CommittedReport,
  committedReports,
  type ExchangedReport,
  exchangedReports,
} from "#shared/replay/reports.js";
import { cycleSource } from "./cycle-source.js";
import type { Participant } from "./participant.js";
import { untilBlock } from "./until-block.js";

/** What the validators said about a cycle, and the stake behind each. */
export interface CycleReports {
  /** Those that count and could be had. */
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
  /** The reports' records on chain, those that do not count or could not be had among them; by ascending uid. */
  readonly committed: readonly ExchangedReport[];
  /** Validators that said which reports they hold, hotkeys. */
  readonly exchanged: ReadonlySet<string>;
  /** Validators with a permit that do not vote, hotkeys. */
  readonly silent: readonly string[];
  /** Whether every report that counts was had, be it one or not: else another tally may come of the others. */
  readonly isWhole: boolean;
}

type Reader = Pick<Participant, "chain" | "clock" | "models" | "network" | "networkHash" | "blobs" | "log" | "signal">;

/** Share of the choose phase in which a report that cannot be had is asked for again. */
const PATIENCE = 1 / 3;

/**
 * The reports of a cycle that count, fetched and checked. Honest validators hold each of them, so one that its validator does not serve is asked
 * of the others, at every block until `deadline`; then it is left out and logged. Call it once the exchange phase is over.
 *
 * @param deadline block; two from now, or a third of the choose phase, whichever is later, unless given
 */
export const collectReports = async (reader: Reader, cycle: number, deadline?: number): Promise<CycleReports> => {
  const { clock, network } = reader;
  const choose = phaseWindow(cycle, "choose", network.phases);
  const { reports: committed, stakes, exchanged, silent } = await exchangedReports(reader, cycle);
  const counted = committed.filter(({ counts }) => counts);
  const until = deadline ?? choose.start + Math.ceil((choose.end - choose.start) * PATIENCE);
  const fetched = await fetchReports(reader, counted, cycle, Math.max(clock.head.number + 2, until));
  const reports = fetched.filter(isReport);
  return { reports, stakes, committed, exchanged, silent, isWhole: fetched.every((report) => report !== null) };
};

/**
 * Tries to have every committed report, from the last block of the evaluate phase on, when all of them are served.
 *
 * @returns the numbers, by ascending uid, of those that are here and are reports of the cycle
 */
export const holdReports = async (reader: Reader, cycle: number, deadline: number): Promise<readonly number[]> => {
  const fetched = await fetchReports(reader, await committedReports(reader, cycle), cycle, deadline);
  return fetched.flatMap((report, number) => (isReport(report) ? [number] : []));
};

/** A report; what is none of the cycle, which nobody tallies; or null for what could not be had. */
type Fetched = Report | "unusable" | null;

const isReport = (fetched: Fetched): fetched is Report => fetched !== null && fetched !== "unusable";

/** What could be had before `deadline`. */
const fetchReports = async (
  reader: Reader,
  committed: readonly CommittedReport[],
  cycle: number,
  deadline: number,
): Promise<readonly Fetched[]> => {
  const { clock, log, signal } = reader;
  const { ofGroups: seeds } = await evaluationSeeds(reader, { cycle, purpose: "evaluate" });
  return untilBlock(clock, deadline, signal, (patience) => {
    const source = cycleSource(reader, { until: patience, isHeld: true });
    return Promise.all(
      committed.map(async (promise): Promise<Fetched> => {
        for (;;) {
          const tried = clock.head.number;
          try {
            const { report, problem } = await fetchReport(source, promise, { cycle, seeds });
            if (report !== null && problem === null) return report;
            log.warn("report left out", { cycle, hotkey: promise.hotkey, reason: problem });
            return "unusable";
          } catch (thrown) {
            signal.throwIfAborted();
            if (!isFetchFault(thrown) || patience.aborted || tried >= deadline - 1) {
              log.warn("report left out", { cycle, hotkey: promise.hotkey, reason: reasonOf(thrown) });
              return null;
            }
          }
          await clock.reach(tried + 1, signal);
        }
      }),
    );
  });
};
