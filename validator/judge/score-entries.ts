import { createUpdateMemory } from "#shared/artifact/update-reader.js";
import { reasonOf } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { type BaseModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { dueBlock, phaseWindow } from "#shared/protocol/phases.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import type { GatedUpdate } from "#shared/replay/gate-submission.js";
import type { Submission } from "#shared/replay/submissions.js";
import type { MeasuringTime } from "#shared/scoring/measuring-time.js";
import type { RaceOutcome } from "#shared/scoring/racing/race.js";
import { orAbort } from "#shared/util/deadline.js";
import { mean } from "#shared/util/mean.js";
import { timeToMeasure } from "../time-left.js";
import type { EvaluationTexts } from "./evaluation-text.js";
import type { GatedReader } from "./gated-cache.js";
import { openLossBook } from "./loss-book.js";
import { measureUpdates } from "./measure.js";
import { failedEntry, scoreEntry } from "./report-entry.js";
import type { Sketches } from "./sketches.js";

/** A submission whose update passed the gates. */
export interface Passed {
  readonly submission: Submission;
  readonly update: GatedUpdate;
}

const NO_TIME = "there was no time left";
const UNREAD = "it could not be read again in time";

interface Scoring {
  readonly cycle: number;
  /** The model that the cycle started from. */
  readonly base: BaseModel<ModelTensors>;
  readonly passed: readonly Passed[];
  /** Updates that passed the gates too late to be measured. */
  readonly late: Promise<readonly Passed[]>;
  /** By group. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly sketches: Sketches;
  readonly texts: EvaluationTexts;
  readonly timer: BlockTimer | undefined;
}

interface Scored {
  readonly baseline: Report["baseline"];
  readonly entries: readonly ReportEntry[];
  /** By group. */
  readonly outcomes: ReadonlyMap<string, RaceOutcome<unknown>>;
}

/** The report's entries of updates that passed the gates: their races, and how independent they are, which is found out beside. */
export const scoreEntries = async (
  participant: Participant,
  meter: LossMeter,
  reader: GatedReader,
  { cycle, base, passed, late, seeds, sketches, texts, timer }: Scoring,
): Promise<Scored> => {
  const { clock, home, log, network, signal } = participant;
  // A pass has all updates open, and reads of one at a time.
  const memory = createUpdateMemory();
  const updates = passed.map(({ submission, update }) => ({
    submission,
    update,
    group: update.group,
    artifact: update.artifact,
    // Runs on the whole model take this thread: reading beside them would fall behind the race, whose losses count for nothing without it.
    load: async () => {
      await sketches.add(update, seeds[update.group]!);
      return reader.load(update);
    },
    open: () => reader.open(update, memory),
  }));
  const entries = updates.flatMap(({ submission, group }) => {
    const text = texts.get(group);
    return text?.ok === false ? [failedEntry(submission, "validator_failed", text.problem)] : [];
  });
  const time = timeToMeasure(participant, cycle, timer);
  const last = dueBlock(phaseWindow(cycle, "evaluate", network.phases));
  const { outcomes, unmeasured } = await untilBlock(clock, last, signal, async (until) => {
    const beside: Watching = { sketches, seeds, time, until };
    const raced = passed.filter(({ update }) => texts.get(update.group)?.ok !== false);
    const judged = new Set(raced.map(({ update }) => update.group));
    const compared: GatedUpdate[] = [];
    const watched: GatedUpdate[] = [];
    let isAllRead = false;
    const watching = (async () => {
      await watchEach(beside, raced, compared);
      // Nobody of a group in which nothing was measured has a part to share.
      await watchEach(
        beside,
        (await late).filter(({ update }) => judged.has(update.group)),
        watched,
      );
      isAllRead = true;
    })();
    watching.catch(() => {});
    // Nor is it time that measuring takes.
    if (!meter.isLayerMajor)
      for (const group of judged) await orAbort(sketches.expect(group, seeds[group]!), until).catch(() => {});
    const measured = await measureUpdates(meter, {
      network,
      model: wholeModel(base),
      seeds,
      texts,
      updates,
      book: openLossBook(home, base.hash, Object.values(seeds)),
      time,
    });
    // A report is worth more than who shares with whom.
    if (!isAllRead)
      await orAbort(watching, until).catch((thrown: unknown) => {
        signal.throwIfAborted();
        const reason = until.aborted ? NO_TIME : reasonOf(thrown);
        if (compared.length < raced.length)
          log.warn("updates not all compared with each other", { cycle, read: compared.length, reason });
        else log.warn("late updates not all read: they share with nobody", { cycle, read: watched.length, reason });
      });
    return { outcomes: measured, unmeasured: [...watched] };
  });
  const baseline: Report["baseline"] = {};
  for (const [group, { before, results }] of outcomes) {
    if (before.length > 0) baseline[group] = { loss: mean(before), batches: before.length };
    const shares = sketches.independence(
      { group, seed: seeds[group]! },
      [...results].map(([{ update }, result]) => ({ update, result })),
      unmeasured.filter((update) => update.group === group),
    );
    for (const [{ submission, update }, result] of results) {
      const problem = reader.problemOf(update);
      const share = shares.get(update.artifact);
      const isUnread = result.verdict === "scored" && result.score > 0 && share === undefined;
      entries.push(
        isUnread
          ? failedEntry(submission, "validator_failed", problem ?? UNREAD)
          : scoreEntry(submission, update, { result, independence: share ?? 0 }, problem),
      );
    }
  }
  return { baseline, entries, outcomes };
};

interface Watching {
  readonly sketches: Sketches;
  /** By group. */
  readonly seeds: Readonly<Record<string, string>>;
  readonly time: MeasuringTime;
  /** Aborts when nothing more may be read. */
  readonly until: AbortSignal;
}

/**
 * Sketches updates beside the race, one after the other in the order in which they are given, as long as measuring may last: hotkeys choose how many
 * there are, and how large. None is begun that would not be done in time if it took as long as the slowest one before. They are read tensor by
 * tensor: the race's own are in memory meanwhile.
 *
 * @param watched gets each of them once it is sketched
 */
const watchEach = async (
  { sketches, seeds, time, until }: Watching,
  those: readonly Passed[],
  watched: GatedUpdate[],
): Promise<void> => {
  let slowest = 0;
  for (const { update } of those) {
    await sketches.expect(update.group, seeds[update.group]!);
    if (time.left() <= slowest) throw new Error(NO_TIME);
    const begun = time.now();
    const isSketched = await sketches.add(update, seeds[update.group]!);
    until.throwIfAborted();
    if (isSketched) watched.push(update);
    slowest = Math.max(slowest, time.now() - begun);
  }
};
