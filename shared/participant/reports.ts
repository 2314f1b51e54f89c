import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Report } from "#shared/protocol/report.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import { type EvaluationSeeds, evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { fetchReport } from "#shared/replay/fetch-report.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import {
  type CommittedReport,
  committedReports,
  type ExchangedReport,
  exchangedReports,
} from "#shared/replay/reports.js";
import { againAtBlocks, askAtEveryBlock } from "./at-every-block.js";
import { lastingFrom } from "./deciding-block.js";
import { heldNumbers } from "./held-numbers.js";
import type { Participant } from "./participant.js";
import { type FileWait, waitForFiles } from "./waiting.js";

/** The validators' reports on a cycle, and the stake behind each. */
export interface CycleReports {
  /** The reports that count and were available. */
  readonly reports: readonly Report[];
  readonly stakes: Stakes;
  /** The reports' records on chain, by ascending uid, including those that do not count or were not available. */
  readonly committed: readonly ExchangedReport[];
  /** Hotkeys whose report does not count, though they and most of the stake that says what it holds do hold it. */
  readonly unheard: readonly string[];
  /** Hotkeys of the validators that recorded which reports they hold. */
  readonly exchanged: ReadonlySet<string>;
  /** Hotkeys of the validators with a permit that do not vote. */
  readonly silent: readonly string[];
  /** Whether every report that counts was available, valid or not. If not, the tally may differ from that of other participants. */
  readonly isWhole: boolean;
}

type Reader = Pick<Participant, "chain" | "clock" | "models" | "network" | "networkHash" | "blobs" | "log" | "signal">;

/** Share of the choose phase in which a missing report is requested again. */
const FETCH_SHARE = 1 / 3;

/**
 * The reports of a cycle that count, fetched and checked. Honest validators hold each of them. If its own validator does not serve a
 * report, the others are asked for it, at every block until `deadline`. Then it is left out and logged. Call this after the exchange phase.
 *
 * @param deadline block; default: two from now, or a third of the choose phase, whichever is later
 */
export const collectReports = async (reader: Reader, cycle: number, deadline?: number): Promise<CycleReports> => {
  const { clock, network } = reader;
  const choose = phaseWindow(cycle, "choose", network.phases);
  const { reports: committed, ...exchange } = await exchangedReports(reader, cycle);
  const counted = committed.filter(({ counts }) => counts);
  const last = deadline ?? choose.start + Math.ceil((choose.end - choose.start) * FETCH_SHARE);
  const fetched = await fetchReports(reader, counted, cycle, Math.max(clock.head.number + 2, last));
  const reports = fetched.filter(isReport);
  return { reports, ...exchange, committed, isWhole: fetched.every((report) => report !== null) };
};

/**
 * Tries to obtain every committed report, from the last block of the evaluate phase on, when all of them are served. Then it waits some blocks of the
 * exchange phase, for that block may still be replaced.
 *
 * @returns the numbers, by ascending uid, of those that are here and are reports of the cycle
 */
export const holdReports = (reader: Reader, cycle: number, deadline: number): Promise<readonly number[]> =>
  heldNumbers(reader, {
    what: `the held record of cycle ${cycle}`,
    block: lastBlockFor("report", cycle, reader),
    checkAt: lastingFrom(phaseWindow(cycle, "exchange", reader.network.phases)),
    list: () => committedReports(reader, cycle),
    look: async (committed) => (await fetchReports(reader, committed, cycle, deadline)).map(isReport),
  });

/** A report; "unusable" for bytes that are no report of the cycle, which nobody tallies; or null if it was not available. */
type Fetched = Report | "unusable" | null;

const isReport = (fetched: Fetched): fetched is Report => fetched !== null && fetched !== "unusable";

/** Fetches what is available before `deadline`: the record of what is held waits no block longer. */
const fetchReports = (
  reader: Reader,
  committed: readonly CommittedReport[],
  cycle: number,
  deadline: number,
): Promise<readonly Fetched[]> => {
  const { log } = reader;
  return waitForFiles(reader, { deadline, isHeld: true, isStrict: true }, async (wait) => {
    const seeds = await seedsUntil(reader, cycle, wait);
    // Whoever does not know the seeds cannot tell which reports are about them.
    if (seeds === null) return committed.map(() => null);
    return Promise.all(
      committed.map(async (one): Promise<Fetched> => {
        const leaveOut = (reason: string | null) => log.warn("report left out", { cycle, hotkey: one.hotkey, reason });
        const asked = await askAtEveryBlock(reader, wait, () => fetchReport(wait.source, one, { cycle, seeds }));
        if ("reason" in asked) {
          leaveOut(asked.reason);
          return null;
        }
        const { report, problem } = asked.value;
        if (report !== null && problem === null) return report;
        leaveOut(problem);
        return "unusable";
      }),
    );
  });
};

/** The seeds that reports name. Null if a contribution that they are mixed with is not available in time, or the chain does not answer. */
const seedsUntil = async (
  reader: Reader,
  cycle: number,
  { source, deadline }: FileWait,
): Promise<EvaluationSeeds["ofGroups"] | null> => {
  const isAwaited = (thrown: unknown) => isFetchFault(thrown) || isChainFault(thrown);
  const mayPass = (thrown: unknown, tried: number) => {
    if (!isAwaited(thrown)) return false;
    reader.log.warn("the seeds of the cycle are not known here", { cycle, reason: reasonOf(thrown) });
    // Also where the wait is over meanwhile: what is here already can still be read by them.
    return tried < deadline - 1;
  };
  try {
    const ask = () => evaluationSeeds(source, { cycle, purpose: "evaluate" });
    return (await againAtBlocks(reader, mayPass, ask)).ofGroups;
  } catch (thrown) {
    reader.signal.throwIfAborted();
    if (isAwaited(thrown)) return null;
    throw thrown;
  }
};
