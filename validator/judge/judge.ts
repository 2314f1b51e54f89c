import type { BlockZeroError } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { describeRepeat, findRepeats } from "#shared/independence/repeats.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import type { BaseModel } from "#shared/participant/agreement/base-model.js";
import { areSeedsInForce, awaitSeeds } from "#shared/participant/await-seeds.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type ReportEntry, reportBody } from "#shared/protocol/report.js";
import type { EarlierUpdate } from "#shared/replay/earlier-updates.js";
import type { SeedQuestion } from "#shared/replay/evaluation-seeds.js";
import { ancestry } from "#shared/replay/lineage.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { readBase } from "../read-base.js";
import { blockWithin } from "../time-left.js";
import type { Witnesses } from "../witness/witnesses.js";
import { type EvaluationTexts, evaluationTexts } from "./evaluation-text.js";
import { type GatedReader, openGatedReader } from "./gated-cache.js";
import { type Gated, gatherAgain, gatherLate, gatherUpdates } from "./gather.js";
import { type Judgement, keepJudgement } from "./kept-judgement.js";
import { ancestorsInTime, earlierUpdates } from "./known-updates.js";
import { tellJudging } from "./observe-judging.js";
import { failedEntry } from "./report-entry.js";
import { type Passed, scoreEntries } from "./score-entries.js";
import { openSketches, type Sketches } from "./sketches.js";
import { type Stopwatch, startStopwatch } from "./stopwatch.js";

/** Share of the evaluate phase in which an update that was lost after its gates is fetched again. The rest is for measuring. */
const REFETCH_SHARE = 1 / 2;
/** Share of the evaluate phase in which manifests of cycles that this validator missed are fetched, as updates of this cycle are. */
const RECALL_SHARE = 1 / 3;
/** Bytes of updates that stay in memory between reads. */
const KEPT_UPDATES_BYTES = 256 << 20;

export interface JudgeOptions {
  /** Bytes of updates that stay in memory. */
  readonly cacheBytes?: number;
  /** Predicts when a block will come. Without it, measuring ends when the block is seen. */
  readonly timer?: BlockTimer | undefined;
  readonly metrics?: MetricsSink;
  /** Trainings of the validator's own, by which it measures independence. */
  readonly witnesses?: Witnesses | undefined;
}

/**
 * Judges a cycle's submissions: the gates from the reveal phase on, then the loss before and after each update, on batches whose seed
 * nobody could know before. If time is short, all updates get fewer batches. Returns the report that is to be signed, and keeps it.
 */
export const judgeCycle = (
  participant: Participant,
  meter: LossMeter,
  cycle: number,
  { cacheBytes = KEPT_UPDATES_BYTES, ...options }: JudgeOptions = {},
): Promise<Judgement> => {
  const { clock, signal } = participant;
  return untilBlock(clock, blockWithin(participant, cycle, REFETCH_SHARE), signal, (until) =>
    judge(participant, openGatedReader(participant, { until, cacheBytes }), meter, { cycle, ...options }),
  );
};

interface Judging extends Omit<JudgeOptions, "cacheBytes"> {
  readonly cycle: number;
}

const judge = async (
  participant: Participant,
  reader: GatedReader,
  meter: LossMeter,
  { cycle, witnesses, ...options }: Judging,
): Promise<Judgement> => {
  const { clock, network, signal } = participant;
  await clock.reach(phaseWindow(cycle, "reveal", network.phases).start, signal);
  const opening = evaluationTexts(participant, cycle);
  // It rejects only on an abort, which also ends the wait below.
  opening.catch(() => {});
  const took = startStopwatch();
  const base = await readBase(participant, meter, cycle, await awaitBaseModel(participant, cycle));
  const openWitnesses = async (group: string) =>
    (await witnesses?.open(participant, { cycle, model: base.hash, group })) ?? [];
  const sketches = openSketches(participant, base, reader, openWitnesses);
  try {
    return await judgeFrom(participant, reader, meter, { cycle, base, sketches, opening, took, ...options });
  } finally {
    await sketches.close();
  }
};

interface JudgingFrom extends Judging {
  /** The model that the cycle started from. */
  readonly base: BaseModel<ModelTensors>;
  readonly sketches: Sketches;
  readonly opening: Promise<EvaluationTexts>;
  readonly took: Stopwatch;
}

const judgeFrom = async (
  participant: Participant,
  reader: GatedReader,
  meter: LossMeter,
  { cycle, base, sketches, opening, took, timer, metrics }: JudgingFrom,
): Promise<Judgement> => {
  const { clock, home, log, network, networkHash, signer, signal } = participant;
  const question = { cycle, purpose: "evaluate" } as const;
  const begins = phaseWindow(cycle, "evaluate", network.phases).start;
  const drawn = clock.reach(begins, signal).then(() => awaitSeeds(participant, question));
  drawn.catch(() => {});
  const recalling = untilBlock(clock, blockWithin(participant, cycle, RECALL_SHARE), signal, async (until) => {
    const asked = { cycle, base: base.hash, until };
    const onMissing = (fault: BlockZeroError) =>
      log.warn("repeats of what was merged long ago go unnoticed: an older model is not to be had", {
        cycle,
        ...faultFields(fault),
      });
    return {
      merged: await ancestry(ancestorsInTime(participant, asked, onMissing)),
      earlier: await earlierUpdates(participant, asked),
    };
  });
  recalling.catch(() => {});
  const gathered = await gatherUpdates(participant, base, cycle, (group) => {
    drawn.then((seeds) => sketches.expect(group, seeds[group]!)).catch(() => {});
  });
  const { merged, earlier } = await recalling;
  took.lap("fetch");

  const seeds = await lastingSeeds(participant, question, drawn);
  const texts = await opening;
  // The seeds are made of the block in whose state reveals were read: who notices that a fork replaced it later measures anew.
  const { value: gated } = await gatherAgain(participant, base, cycle, gathered);
  const lineage = [...merged, ...earlier.updates];
  const { passed, failures } = rejectRepeats(gated, lineage);
  earlier.keep(gated);
  const late = gatherLate(participant, base, cycle, gated).then((all) => {
    const inTime = gated.filter(({ result }) => result.ok);
    if (all.length > 0) earlier.keep([...inTime, ...all]);
    // What everybody had before is no training that somebody hides.
    return rejectRepeats(all, lineage).passed;
  });
  late.catch(() => {});
  took.lap("wait");
  const scoring = { cycle, base, passed, late, seeds, sketches, texts, timer };
  const scored = await scoreEntries(participant, meter, reader, scoring);
  took.lap("measure");

  const { baseline, outcomes } = scored;
  const entries = [...failures, ...scored.entries].sort((a, b) => a.uid - b.uid);
  const judgement = reportBody(
    { network: networkHash, cycle, base: base.hash, seeds, baseline, entries },
    signer.address,
  );
  const witnessed = new Set([...outcomes.keys()].filter((group) => sketches.hasWitnesses(group, seeds[group]!)));
  tellJudging(participant, metrics, judgement, { outcomes, witnessed, took: took.milliseconds() });
  keepJudgement(home, judgement);
  return judgement;
};

/** The seeds that were drawn when the phase began, or those that the chain has now where a fork replaced the block of these. */
const lastingSeeds = async (
  participant: Participant,
  question: SeedQuestion,
  drawn: ReturnType<typeof awaitSeeds>,
): ReturnType<typeof awaitSeeds> => {
  const seeds = await drawn;
  return (await areSeedsInForce(participant, question, seeds)) ? seeds : awaitSeeds(participant, question);
};

interface Judged {
  readonly passed: readonly Passed[];
  readonly failures: readonly ReportEntry[];
}

/**
 * What passed the gates and is no copy of an update that was merged before, or revealed lately or for the same weights; and an entry for each of the
 * others.
 */
const rejectRepeats = (gated: readonly Gated[], lineage: readonly EarlierUpdate[]): Judged => {
  const passed: Passed[] = [];
  const failures: ReportEntry[] = [];
  for (const { submission, result } of gated) {
    if (!result.ok) {
      failures.push(failedEntry(submission, result.reason, result.detail));
      continue;
    }
    const { update } = result;
    const original = findRepeats({
      submissions: [{ hotkey: submission.hotkey, tensors: update.tensorsHash }],
      lineage: lineage.filter(({ group }) => group === update.group),
    }).get(submission.hotkey);
    if (original) failures.push(failedEntry(submission, "duplicate", describeRepeat(original)));
    else passed.push({ submission, update });
  }
  return { passed, failures };
};
