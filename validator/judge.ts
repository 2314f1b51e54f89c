import { join } from "node:path";
import { mean } from "#shared/mean.js";
import { loadModel, wholeModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { settledBase } from "#shared/participant/settled-base.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type Report, type ReportEntry, signReport } from "#shared/protocol/report.js";
import { evaluationSeed } from "#shared/protocol/seed.js";
import { type ReasonCode, verdictFor } from "#shared/protocol/verdict.js";
import type { GatedUpdate } from "#shared/replay/gate-update.js";
import { ancestry } from "#shared/replay/lineage.js";
import type { Submission } from "#shared/replay/submissions.js";
import { type Duplicate, findDuplicates } from "#shared/scoring/duplicates.js";
import type { RaceResult } from "#shared/scoring/racing/race.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { evaluationBatches, type LossMeter } from "#shared/training/loss-meter.js";
import { scoreUpdates } from "#shared/training/score-updates.js";
import { type Gated, gatherUpdates } from "./gather.js";
import { openSketchBook, type SketchBook } from "./sketch-book.js";

/** Blocks kept free at the end of the evaluate phase to put the report on chain. */
const BLOCKS_TO_REPORT = 2;

/**
 * Judges a cycle's submissions: gates and duplicates while the reveal phase ends, then the loss before and after on batches
 * whose seed nobody could know before. Returns the signed report.
 */
export const judgeCycle = async (participant: Participant, meter: LossMeter, cycle: number): Promise<Report> => {
  const { chain, clock, models, network, networkHash, signer, signal, log } = participant;
  const evaluate = phaseWindow(cycle, "evaluate", network.phases);
  await clock.reach(evaluate.start - 1, signal);
  const base = await loadModel(participant, await settledBase(participant, cycle));
  const gated = await gatherUpdates(participant, base, cycle);
  const sketches = openSketchBook(join(participant.home, "sketches"));
  const judged = rejectDuplicates(gated, await ancestry(models, base.hash, signal), cycle, sketches);

  await clock.reach(evaluate.start, signal);
  const blockHash = await chain.blockHash(evaluate.start);
  const model = wholeModel(base);
  const seeds: Report["seeds"] = {};
  const baseline: Report["baseline"] = {};
  const entries = new Map(judged.failures);
  const rules = raceRules(network.scoring);
  const names = [...base.groups.keys()];
  for (const [raced, group] of names.entries()) {
    const seed = evaluationSeed({ network: networkHash, cycle, group, blockHash });
    seeds[group] = seed;
    // What time is left is shared, so that no group has none of it.
    const left = Math.max(0, evaluate.end - BLOCKS_TO_REPORT - clock.head.number);
    const deadline = clock.head.number + Math.ceil(left / (names.length - raced));
    const updates = judged.updates
      .filter(({ update }) => update.group === group)
      .map(({ submission, update }) => ({ submission, update, tensors: update.tensors }));
    const { before, results } = await scoreUpdates(meter, {
      model,
      updates,
      batches: evaluationBatches(network, group, seed),
      rules,
      isTimeUp: () => clock.head.number >= deadline,
    });
    if (before.length > 0) baseline[group] = { loss: mean(before), batches: before.length };
    for (const [{ submission, update }, result] of results)
      entries.set(submission.uid, scoreEntry(submission, update, result));
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

const rejectDuplicates = (
  gated: readonly Gated[],
  lineage: Awaited<ReturnType<typeof ancestry>>,
  cycle: number,
  sketches: SketchBook,
): Judged => {
  const updates: { submission: Submission; update: GatedUpdate }[] = [];
  const failures = new Map<number, ReportEntry>();
  for (const { submission, result } of gated) {
    if (result.ok) updates.push({ submission, update: result.update });
    else failures.set(submission.uid, failedEntry(submission, result.reason, result.detail));
  }
  const duplicates = new Map<string, Duplicate>();
  for (const group of new Set(updates.map(({ update }) => update.group))) {
    const found = findDuplicates({
      cycle,
      submissions: updates
        .filter(({ update }) => update.group === group)
        .map(({ submission, update }) => {
          const sketch = sketches.make(inOrder(update.tensors));
          sketches.keep(update.artifact, sketch);
          return {
            hotkey: submission.hotkey,
            artifact: update.artifact,
            tensors: update.tensorsHash,
            sketch,
            commitBlock: submission.commitment!.block,
          };
        }),
      lineage: lineage
        .filter((merged) => merged.group === group)
        .map((merged) => ({ ...merged, sketch: sketches.of(merged.artifact) })),
    });
    for (const [hotkey, duplicate] of found) duplicates.set(hotkey, duplicate);
  }
  sketches.retain(new Set([...lineage, ...updates.map(({ update }) => update)].map(({ artifact }) => artifact)));
  const unique = updates.filter(({ submission }) => {
    const duplicate = duplicates.get(submission.hotkey);
    if (duplicate) failures.set(submission.uid, failedEntry(submission, "duplicate", describe(duplicate)));
    return !duplicate;
  });
  return { updates: unique, failures };
};

const inOrder = (tensors: GatedUpdate["tensors"]): readonly Float32Array[] =>
  [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { data }]) => data);

const describe = ({ original, likeness }: Duplicate): string => {
  const figures = Object.entries(likeness ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [`${name} ${value.toFixed(2)}`],
  );
  const how = figures.length > 0 ? `like (${figures.join(", ")})` : "same tensors as";
  return `${how} artifact ${original.artifact} of ${original.hotkey} in cycle ${original.cycle}`;
};

const unscored = { lossReduction: null, standardError: null, batches: null, score: 0 } as const;

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

const scoreEntry = (submission: Submission, { group, artifact }: GatedUpdate, result: RaceResult): ReportEntry => {
  if (result.verdict === "rejected") return failedEntry(submission, result.reason, `artifact ${artifact}`);
  // A report on some is worth more than none: whoever we did not come to keeps its standing.
  if (result.verdict === "abstained")
    return failedEntry(submission, result.reason, `it could not be scored in time, after ${result.batches} batches`);
  const { uid, hotkey } = submission;
  const { lossReduction, standardError, batches, score } = result;
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
    score,
  };
};
