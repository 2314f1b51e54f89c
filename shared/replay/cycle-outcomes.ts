import { compareTexts } from "#shared/protocol/compare-texts.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { Report } from "#shared/protocol/report.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import { type AgreedOutcome, tally } from "#shared/protocol/voting/tally.js";
import { type AgreedScore, agreedScores } from "#shared/rewards/cycle-weights.js";
import type { CycleProgress } from "#shared/rewards/progress.js";
import { scoreUnder } from "#shared/scoring/score-under.js";
import { percent } from "#shared/util/percent.js";
import { groupProgress, readBallots } from "./ballots.js";
import { baseModelHash, modelOfCycle } from "./base-model-hash.js";
import { evaluationSeeds } from "./evaluation-seeds.js";
import { fetchReport } from "./fetch-report.js";
import { isGone } from "./is-gone.js";
import { type Exchange, type ExchangedReport, exchangedReports, type ReportedCycle } from "./reports.js";
import type { CycleSource } from "./source.js";
import { readSubmissions } from "./submissions.js";
import { contextOf, firstCycleFrom } from "./succession.js";

/** A validator that may vote, and the status of its report. */
export interface ReportStatus {
  readonly hotkey: string;
  readonly stake: bigint;
  readonly exchanged: ExchangedReport | null;
  readonly report: Report | null;
  /** Why the report does not count. Null if it counts. */
  readonly problem: string | null;
  /** Whether the reason is that nobody has the report any more. */
  readonly isGone: boolean;
}

/** The validators' reports on a cycle, and the outcomes that follow. */
export interface CycleOutcomes {
  readonly cycle: number;
  /** Hash of the model that the cycle started from. */
  readonly base: string;
  readonly stakes: Stakes;
  readonly exchange: Exchange;
  /** By descending stake. */
  readonly validators: readonly ReportStatus[];
  readonly outcomes: readonly AgreedOutcome[];
  /** Whether every report that counts was available. */
  readonly isWhole: boolean;
}

/**
 * Tallies a cycle whose exchange phase is over, with the reports that are available now.
 *
 * @param head newest block
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state with the commitments
 */
export const readOutcomes = async (source: CycleSource, cycle: number, head: number): Promise<CycleOutcomes> => {
  const exchange = await exchangedReports(source, cycle);
  const { reports: committed, stakes, unheard } = exchange;
  const base = await baseModelHash(source, cycle, head);
  const { ofGroups: seeds } = await evaluationSeeds(source, { cycle, purpose: "evaluate" });
  const asked = { cycle, base, seeds, committed };
  const validators = await Promise.all([...stakes].map((voter) => readValidatorReport(source, asked, voter)));
  const miners = await readSubmissions(source, cycle);
  const reports = validators.flatMap(({ report, problem }) => (report && problem === null ? [report] : []));
  return {
    cycle,
    base,
    stakes,
    exchange,
    validators: validators.sort((a, b) =>
      a.stake === b.stake ? compareTexts(a.hotkey, b.hotkey) : a.stake > b.stake ? -1 : 1,
    ),
    outcomes: tally({ reports, stakes, unheard, miners, network: source.networkHash, cycle, base }),
    isWhole: validators.every((one) => !one.isGone),
  };
};

const readValidatorReport = async (
  source: CycleSource,
  { committed, ...of }: Omit<ReportedCycle, "networkHash"> & { readonly committed: readonly ExchangedReport[] },
  [hotkey, stake]: readonly [string, bigint],
): Promise<ReportStatus> => {
  const exchanged = committed.find((one) => one.hotkey === hotkey) ?? null;
  const silent = (problem: string, isGone = false): ReportStatus => ({
    hotkey,
    stake,
    exchanged,
    report: null,
    problem,
    isGone,
  });
  if (exchanged === null) return silent("it committed no report in time");
  const { counts, heldBy } = exchanged;
  if (!counts)
    return silent(`validators with ${percent(heldBy)} of the stake hold its report, and more than half must`);
  try {
    const { report, problem } = await fetchReport(source, exchanged, of);
    if (report === null) return silent(`its report is unusable: ${problem}`);
    return { hotkey, stake, exchanged, report, problem, isGone: false };
  } catch (thrown) {
    if (!isGone(thrown)) throw thrown;
    return silent("its report cannot be had", true);
  }
};

/** What was agreed in the cycles of a window, and the cycles for which it is no longer completely available. */
export interface WindowOutcomes {
  readonly history: readonly AgreedScore[];
  /** Progress in the cycles whose choose phase is over. */
  readonly progress: readonly CycleProgress[];
  readonly unknown: readonly number[];
}

/** @param known outcomes that were read before */
export const readWindow = async (
  source: CycleSource,
  cycle: number,
  head: number,
  known: readonly CycleOutcomes[] = [],
): Promise<WindowOutcomes> => {
  const { scoring } = source.network;
  const first = await firstCycleFrom(source, Math.max(0, cycle - scoring.window + 1));
  const history: AgreedScore[] = [];
  const progress: CycleProgress[] = [];
  const unknown: number[] = [];
  for (let past = first; past <= cycle; past++) {
    try {
      const context = await contextOf(source, past);
      const read = known.find((one) => one.cycle === past) ?? (await readOutcomes(context, past, head));
      if (!read.isWhole) unknown.push(past);
      const exponents = { from: context.network.scoring.exponent, to: scoring.exponent };
      for (const entry of agreedScores(past, read))
        history.push({ ...entry, score: scoreUnder(entry.score, exponents) });
      if (head < phaseWindow(past, "choose", context.network.phases).end) continue;
      const ballots = await readBallots(context, past);
      progress.push({
        cycle: past,
        ...groupProgress(context.network, ballots, read),
        isAgreed: past === cycle ? null : (await modelOfCycle(context, past, head)) !== null,
      });
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      unknown.push(past);
    }
  }
  return { history, progress, unknown };
};
