import { mean } from "#shared/mean.js";
import { loadModel, wholeModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { withPatience } from "#shared/participant/patience.js";
import { settledBase } from "#shared/participant/settled-base.js";
import { accepted } from "#shared/protocol/parsed.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type Report, type ReportEntry, signReport } from "#shared/protocol/report.js";
import { type ReasonCode, verdictFor } from "#shared/protocol/verdict.js";
import type { GatedUpdate } from "#shared/replay/gate-update.js";
import { ancestry } from "#shared/replay/lineage.js";
import type { Submission } from "#shared/replay/submissions.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { describeRepeat, findRepeats } from "#shared/scoring/repeats.js";
import { evaluationBatches, type LossMeter } from "#shared/training/loss-meter.js";
import { scoreUpdates } from "#shared/training/score-updates.js";
import { awaitSeeds } from "./await-seeds.js";
import { evaluationTexts } from "./evaluation-text.js";
import { type GatedReader, openGatedReader } from "./gated-reader.js";
import { type Gated, gatherUpdates } from "./gather.js";
import { openIndependenceMeter } from "./independence.js";

/** Blocks kept free at the end of the evaluate phase to put the report on chain. */
const BLOCKS_TO_REPORT = 2;
/** Share of the evaluate phase after which no update is fetched again that was lost since it passed the gates: the rest is for measuring. */
const PATIENCE = 1 / 2;
/** Updates that are kept in memory from one look at them to the next. */
const KEPT_UPDATES_BYTES = 256 << 20;

/**
 * Judges a cycle's submissions: gates and repeats while the reveal phase ends, then the loss before and after on batches
 * whose seed nobody could know before. Returns the signed report.
 *
 * @param room bytes of updates that are kept in memory
 */
export const judgeCycle = (
  participant: Participant,
  meter: LossMeter,
  cycle: number,
  room = KEPT_UPDATES_BYTES,
): Promise<Report> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const deadline = start + Math.max(1, Math.floor((end - start) * PATIENCE));
  return withPatience(clock, deadline, signal, (until) =>
    judge(participant, openGatedReader(participant, { until, room }), meter, cycle),
  );
};

const judge = async (
  participant: Participant,
  reader: GatedReader,
  meter: LossMeter,
  cycle: number,
): Promise<Report> => {
  const { clock, models, network, networkHash, signer, signal, log } = participant;
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  await clock.reach(evaluate.start - 1, signal);
  const texts = evaluationTexts(participant, cycle);
  // It fails with an abort only, which ends what is waited for below as well.
  texts.catch(() => {});
  const base = await loadModel(participant, await settledBase(participant, cycle));
  const gated = await gatherUpdates(participant, base, cycle);
  const judged = rejectRepeats(gated, await ancestry(models, base.hash, signal));

  await clock.reach(evaluate.start, signal);
  const seeds = await awaitSeeds(participant, { cycle, purpose: "evaluate" });
  const opened = await texts;
  const model = wholeModel(base);
  const baseline: Report["baseline"] = {};
  const entries = new Map(judged.failures);
  const rules = raceRules(network.scoring);
  const names = [...base.groups.keys()];
  for (const [raced, group] of names.entries()) {
    const seed = seeds[group]!;
    // What time is left is shared, so that no group has none of it.
    const left = Math.max(0, evaluate.end - BLOCKS_TO_REPORT - clock.head.number);
    const deadline = clock.head.number + Math.ceil(left / (names.length - raced));
    const independence = await openIndependenceMeter(participant, base, group, seed);
    const updates = judged.updates
      .filter(({ update }) => update.group === group)
      .map(({ submission, update }) => ({
        submission,
        update,
        load: () => independence.watch(update.artifact, reader.load(update)),
      }));
    const text = opened.get(group) ?? accepted(null);
    if (!text.ok) {
      for (const { submission } of updates)
        entries.set(submission.uid, failedEntry(submission, "validator_failed", text.problem));
      continue;
    }
    const { before, results } = await scoreUpdates(meter, {
      model,
      group: network.groups[group]!,
      updates,
      batches: evaluationBatches(network, group, seed, text.value),
      rules,
      isTimeUp: () => clock.head.number >= deadline,
    });
    if (before.length > 0) baseline[group] = { loss: mean(before), batches: before.length };
    const independences = independence.of([...results].map(([{ update }, result]) => ({ ...update, result })));
    for (const [{ submission, update }, result] of results) {
      const measured = { result, independence: independences.get(update.artifact) ?? 0 };
      entries.set(submission.uid, scoreEntry(submission, update, measured, reader.problemOf(update)));
    }
  }
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
  return signReport(
    {
      network: networkHash,
      cycle,
      base: base.hash,
      seeds,
      baseline,
      entries: [...entries.values()].sort((a, b) => a.uid - b.uid),
    },
    signer,
  );
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

const unscored = {
  lossReduction: null,
  standardError: null,
  batches: null,
  growth: null,
  independence: null,
  score: 0,
} as const;

const failedEntry = ({ uid, hotkey, reveal }: Submission, reason: ReasonCode, detail: string): ReportEntry => ({
  uid,
  hotkey,
  group: reveal?.group ?? null,
  artifact: reveal?.artifact ?? null,
  verdict: verdictFor(reason),
  reason,
  detail,
  ...unscored,
});

/** @param problem what kept us from measuring it to the end, if not the time */
const scoreEntry = (
  submission: Submission,
  { group, artifact }: GatedUpdate,
  { result, independence }: { readonly result: RaceResult; readonly independence: number },
  problem: string | null,
): ReportEntry => {
  if (result.verdict === "rejected") return failedEntry(submission, result.reason, `artifact ${artifact}`);
  // A report on some is worth more than none: whoever we did not come to keeps its standing.
  if (result.verdict === "abstained") {
    const late = `it could not be scored in time, after ${result.batches} batches`;
    return failedEntry(submission, result.reason, problem ?? late);
  }
  const { uid, hotkey } = submission;
  const { lossReduction, standardError, batches, growth, score } = result;
  return {
    uid,
    hotkey,
    group,
    artifact,
    verdict: "scored",
    reason: null,
    detail: null,
    lossReduction,
    standardError,
    batches,
    growth,
    independence,
    score,
  };
};
