import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { describeRepeat, findRepeats } from "#shared/independence/repeats.js";
import { awaitBaseModel } from "#shared/participant/agreement/await-base-model.js";
import { wholeModel } from "#shared/participant/agreement/base-model.js";
import { awaitSeeds } from "#shared/participant/await-seeds.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type Report, type ReportEntry, reportBody } from "#shared/protocol/report.js";
import { signDocument } from "#shared/protocol/signing.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import { ancestry } from "#shared/replay/lineage.js";
import type { Submission } from "#shared/replay/submissions.js";
import type { RaceOutcome } from "#shared/scoring/racing/race.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import { mean } from "#shared/util/mean.js";
import { readBase } from "../read-base.js";
import { blockWithin, timeToMeasure } from "../time-left.js";
import { evaluationTexts } from "./evaluation-text.js";
import { type GatedReader, openGatedReader } from "./gated-cache.js";
import { type Gated, gatherUpdates } from "./gather.js";
import { type IndependenceMeter, openIndependenceMeter } from "./independence.js";
import { keepJudgement } from "./kept-judgement.js";
import { openLossBook } from "./loss-book.js";
import { measureUpdates } from "./measure.js";
import { showRaces } from "./observe-judging.js";
import { failedEntry, scoreEntry } from "./report-entry.js";
import { startStopwatch } from "./stopwatch.js";

/** Share of the evaluate phase in which an update that was lost after its gates is fetched again. The rest is for measuring. */
const REFETCH_SHARE = 1 / 2;
/** Bytes of updates that stay in memory between reads. */
const KEPT_UPDATES_BYTES = 256 << 20;

export interface JudgeOptions {
  /** Bytes of updates that stay in memory. */
  readonly room?: number;
  /** Predicts when a block will come. Without it, measuring ends when the block is seen. */
  readonly timer?: BlockTimer | undefined;
  readonly metrics?: MetricsSink;
}

/**
 * Judges a cycle's submissions: the gates from the reveal phase on, then the loss before and after each update, on batches whose seed
 * nobody could know before. If time is short, all updates get fewer batches. Returns the signed report.
 */
export const judgeCycle = (
  participant: Participant,
  meter: LossMeter,
  cycle: number,
  { room = KEPT_UPDATES_BYTES, ...options }: JudgeOptions = {},
): Promise<Report> => {
  const { clock, signal } = participant;
  return untilBlock(clock, blockWithin(participant, cycle, REFETCH_SHARE), signal, (until) =>
    judge(participant, openGatedReader(participant, { until, room }), meter, { cycle, ...options }),
  );
};

const judge = async (
  participant: Participant,
  reader: GatedReader,
  meter: LossMeter,
  { cycle, timer, metrics }: Omit<JudgeOptions, "room"> & { readonly cycle: number },
): Promise<Report> => {
  const { clock, home, models, network, networkHash, signer, signal, telemetry, log } = participant;
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  await clock.reach(phaseWindow(cycle, "reveal", network.phases).start, signal);
  const texts = evaluationTexts(participant, cycle);
  // It rejects only on an abort, which also ends the wait below.
  texts.catch(() => {});
  const took = startStopwatch();
  const base = await readBase(participant, meter, await awaitBaseModel(participant, cycle));
  const gated = await gatherUpdates(participant, base, cycle);
  took.lap("fetch");
  const judged = rejectRepeats(gated, await ancestry(models, base.hash, signal));

  await clock.reach(evaluate.start, signal);
  const seeds = await awaitSeeds(participant, { cycle, purpose: "evaluate" });
  const opened = await texts;
  took.lap("wait");
  const entries = new Map(judged.failures);
  const independences = new Map<string, IndependenceMeter>();
  for (const [group, seed] of Object.entries(seeds))
    independences.set(group, await openIndependenceMeter(participant, base, group, seed));
  const updates = judged.updates.map(({ submission, update }) => ({
    submission,
    update,
    group: update.group,
    artifact: update.artifact,
    load: () => independences.get(update.group)!.watch(update.artifact, reader.load(update)),
    open: () => independences.get(update.group)!.watchOpen(update.artifact, reader.open(update)),
  }));
  for (const { submission, group } of updates) {
    const text = opened.get(group);
    if (text?.ok === false) entries.set(submission.uid, failedEntry(submission, "validator_failed", text.problem));
  }
  const outcomes = await measureUpdates(meter, {
    network,
    model: wholeModel(base),
    seeds,
    texts: opened,
    updates,
    book: openLossBook(home, base.hash, Object.values(seeds)),
    time: timeToMeasure(participant, cycle, timer),
  });
  const baseline: Report["baseline"] = {};
  for (const [group, { before, results }] of outcomes) {
    if (before.length > 0) baseline[group] = { loss: mean(before), batches: before.length };
    const independence = independences.get(group)!;
    // Losses that were measured before a restart did not need to load the update.
    for (const [{ artifact, load, open }, result] of results)
      if (result.verdict === "scored" && result.score > 0 && !independence.isWatched(artifact)) {
        if (meter.isLayerMajor) await (await open())?.close();
        else await load();
      }
    const shares = independence.of([...results].map(([{ update }, result]) => ({ ...update, result })));
    for (const [{ submission, update }, result] of results) {
      const measured = { result, independence: shares.get(update.artifact) ?? 0 };
      entries.set(submission.uid, scoreEntry(submission, update, measured, reader.problemOf(update)));
    }
  }
  took.lap("measure");
  const milliseconds = took.milliseconds();
  sayWhatItTook(log, cycle, { outcomes, batches: network.scoring.eval_batches, took: milliseconds });
  showRaces(telemetry.instruments, outcomes, milliseconds);
  metrics?.write({
    cycle,
    ...Object.fromEntries(Object.entries(milliseconds).map(([part, ms]) => [`eval/${part}_ms`, ms])),
  });
  const count = (verdict: ReportEntry["verdict"]) =>
    [...entries.values()].filter((entry) => entry.verdict === verdict).length;
  log.info("judged", {
    cycle,
    base: base.hash,
    scored: count("scored"),
    rejected: count("rejected"),
    abstained: count("abstained"),
    ...Object.fromEntries(Object.entries(baseline).map(([group, { loss }]) => [`loss/${group}`, loss])),
  });
  const fields = {
    network: networkHash,
    cycle,
    base: base.hash,
    seeds,
    baseline,
    entries: [...entries.values()].sort((a, b) => a.uid - b.uid),
  };
  const body = reportBody(fields, signer.address);
  keepJudgement(home, body);
  return signDocument(body, signer);
};

/** Logs where the time went, in milliseconds. Warns if there was too little. */
const sayWhatItTook = (
  log: Participant["log"],
  cycle: number,
  {
    outcomes,
    batches,
    took,
  }: {
    readonly outcomes: ReadonlyMap<string, RaceOutcome<unknown>>;
    readonly batches: number;
    readonly took: Readonly<Record<string, number>>;
  },
): void => {
  const short = [...outcomes].filter(([, { isShort }]) => isShort);
  if (short.length === 0) {
    log.info("evaluated", { cycle, ...took });
    return;
  }
  log.warn("evaluation cut short: everybody was measured on fewer batches", {
    cycle,
    code: "EVALUATION_SHORT",
    ...Object.fromEntries(short.map(([group, { before }]) => [`batches/${group}`, before.length])),
    of: batches,
    ...took,
    prevention: "give this validator more of the machine, or the network a longer evaluate phase",
  });
};

interface Judged {
  readonly updates: readonly { readonly submission: Submission; readonly update: GatedUpdate }[];
  readonly failures: ReadonlyMap<number, ReportEntry>;
}

const rejectRepeats = (gated: readonly Gated[], lineage: Awaited<ReturnType<typeof ancestry>>): Judged => {
  const passed: { submission: Submission; update: GatedUpdate }[] = [];
  const failures = new Map<number, ReportEntry>();
  for (const { submission, result } of gated) {
    if (result.ok) passed.push({ submission, update: result.update });
    else failures.set(submission.uid, failedEntry(submission, result.reason, result.detail));
  }
  const updates = passed.filter(({ submission, update }) => {
    const original = findRepeats({
      submissions: [{ hotkey: submission.hotkey, tensors: update.tensorsHash }],
      lineage: lineage.filter(({ group }) => group === update.group),
    }).get(submission.hotkey);
    if (original) failures.set(submission.uid, failedEntry(submission, "duplicate", describeRepeat(original)));
    return !original;
  });
  return { updates, failures };
};
