import { existsSync } from "node:fs";
import { createUpdateMemory } from "#shared/artifact/update-reader.js";
import type { Batch } from "#shared/data/loader.js";
import type { DocumentSource } from "#shared/data/source.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { STATES_SHARE, wholeModelBytes } from "#shared/evaluation/evaluation-memory.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { createLossMeter, evaluationBatches, type GroupMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { onePass } from "#shared/evaluation/one-pass.js";
import { isInFile, type ModelTensors } from "#shared/model/model-tensors.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { openEvaluationText } from "#shared/replay/evaluation-text.js";
import { type GatedUpdate, loadUpdate, openChange } from "#shared/replay/gate-submission.js";
import type { CycleSource } from "#shared/replay/source.js";
import { mapWholeModel, readWholeModel } from "#shared/replay/whole-model.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import type { SubnetFiles } from "#shared/subnet/files.js";
import { mean } from "#shared/util/mean.js";
import type { EvaluatedCycle } from "./audit-cycle.js";
import { compareBallots } from "./compare-ballots.js";
import type { Findings } from "./findings.js";
import { missing } from "./missing.js";
import type { Regated } from "./repeats.js";

export interface Reevaluation {
  measure(cycle: EvaluatedCycle, findings: Findings): Promise<void>;
  dispose(): Promise<void>;
}

export interface ReevaluationOptions {
  /** Nats per token by which the losses of two machines may differ, because they add in different orders. */
  readonly tolerance: number;
  /** Where models' files are. */
  readonly files: Pick<SubnetFiles, "locateForNow">;
  /** Bytes. A model that needs more is measured layer by layer, from its files. */
  readonly memory: number;
  /** Where hidden states are that memory has no room for. */
  readonly folder: string;
  /** Ends a measurement layer by layer. */
  readonly signal?: AbortSignal;
}

/** Repeats the validators' measurements, and compares. */
export const createReevaluation = (
  device: Device,
  source: CycleSource,
  { tolerance, files, memory, folder, signal }: ReevaluationOptions,
): Reevaluation => {
  const { network } = source;
  const batchSize = network.scoring.eval_batch_size;
  let meter: LossMeter | null = null;
  const openModel = async (manifest: ModelManifest): Promise<OpenModel> => {
    if (wholeModelBytes(network) > memory) {
      meter ??= createLayerMeter(device, network, {
        batchSize,
        memory: STATES_SHARE * memory,
        folder,
        ...(signal && { signal }),
      });
      return { meter, model: await mapWholeModel(source, files.locateForNow, manifest) };
    }
    const parameters = await readWholeModel(source, manifest);
    meter ??= await createLossMeter(device, network, { batchSize, parameters });
    return { meter, model: parameters };
  };
  return {
    async measure(evaluated, findings) {
      const { hash, manifest } = evaluated.base;
      const opened = await openModel(manifest);
      await whileItLasts(opened.model, hash, measureAgain(opened, source, tolerance, evaluated, findings));
    },
    dispose: async () => meter?.dispose(),
  };
};

interface OpenModel {
  readonly meter: LossMeter;
  /** The whole model that the cycle started from. */
  readonly model: ModelTensors;
}

const measureAgain = async (
  { meter, model }: OpenModel,
  source: CycleSource,
  tolerance: number,
  evaluated: EvaluatedCycle,
  findings: Findings,
): Promise<void> => {
  const { network } = source;
  const { cycle, seeds, reports, regated } = evaluated;
  const drawn = await evaluationSeeds(source, { cycle, purpose: "choose" });
  for (const [group, seed] of Object.entries(seeds)) {
    const text = await evaluationText(source, { cycle, group, reports }, findings);
    if (text === undefined) continue;
    const batches = evaluationBatches(network, group, seed, text);
    const measuring = measuringOf(await meter.ofGroup(model, network.groups[group]!), source, batches);
    for (const report of reports)
      await compareGroup({ group, report, regated, ...measuring }, network, tolerance, findings);
    await compareBallots(
      meter,
      { ...evaluated, source },
      { group, model, text, seed: drawn.ofGroups[group]! },
      tolerance,
      findings,
    );
  }
};

/** What is measured fails where somebody deletes a file of the model meanwhile, which is no finding. */
const whileItLasts = async (model: ModelTensors, hash: string, measuring: Promise<void>): Promise<void> => {
  try {
    await measuring;
  } catch (thrown) {
    const gone = Object.values(model).find((tensor) => isInFile(tensor) && !existsSync(tensor.path));
    if (gone) throw missing(`a file of model ${hash} was deleted while it was measured`);
    throw thrown;
  }
};

/** These codes mean that nobody has text for the cycle. They follow from chain state and files named by hash. */
const TEXTLESS: ReadonlySet<ErrorCode> = new Set(["SEALED_TEXT_NONE", "SEALED_TEXT_MALFORMED"]);

/** Undefined, with a finding, if there is no text to measure on. Then no report may claim a measurement. */
const evaluationText = async (
  source: CycleSource,
  { cycle, group, reports }: { readonly cycle: number; readonly group: string; readonly reports: readonly Report[] },
  findings: Findings,
): Promise<DocumentSource | null | undefined> => {
  try {
    return (await openEvaluationText(source, { cycle, group }))?.documents ?? null;
  } catch (thrown) {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    if (!TEXTLESS.has(thrown.code)) findings.lacks(`the text of "${group}": ${thrown.message}`);
    else
      for (const { baseline, validator } of reports)
        if (baseline[group]) findings.diverges(`report of ${validator} scores what had no text: ${thrown.message}`);
    return undefined;
  }
};

type Losses = (update: GatedUpdate | null, from: number, to: number) => Promise<readonly number[]>;

/** The losses of a group's model with each update. Each is measured once, however many reports need it. */
interface Measuring {
  readonly losses: Losses;
  /** Where one pass over the model measures several updates at once: measures these, after which `losses` gives them without measuring. */
  readonly ahead?: (updates: readonly (GatedUpdate | null)[], from: number, to: number) => Promise<void>;
}

const measuringOf = (
  { losses, lossesTogether }: GroupMeter,
  source: CycleSource,
  batches: readonly Batch[],
): Measuring => {
  if (!lossesTogether)
    return {
      losses: memoised(async (update, of) =>
        losses(
          update && (await loadUpdate(source, update)),
          of.map((batch) => batches[batch]!),
        ),
      ),
    };
  const memory = createUpdateMemory();
  const pass = onePass<GatedUpdate>(lossesTogether, batches, (update) => openChange(source, update, memory));
  return {
    losses: async (update, from, to) => (await pass.losses(update, from, to))!,
    ahead: pass.ahead,
  };
};

/** Measures each batch once with each update. */
const memoised = (
  measure: (update: GatedUpdate | null, batches: readonly number[]) => Promise<readonly number[]>,
): Losses => {
  const known = new Map<GatedUpdate | null, Map<number, number>>();
  return async (update, from, to) => {
    const of = known.get(update) ?? new Map<number, number>();
    known.set(update, of);
    const wanted = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    const unknown = wanted.filter((batch) => !of.has(batch));
    const measured = unknown.length === 0 ? [] : await measure(update, unknown);
    for (const [i, batch] of unknown.entries()) of.set(batch, measured[i]!);
    return wanted.map((batch) => of.get(batch)!);
  };
};

interface GroupReport extends Measuring {
  readonly group: string;
  readonly report: Report;
  readonly regated: readonly Regated[];
}

/**
 * Checks one validator's measurements of one group. Checks its scores only if its race took the same course as here: it may have run short
 * of time, or with others.
 */
export const compareGroup = async (
  { group, report, regated, losses, ahead }: GroupReport,
  network: Pick<Network, "scoring">,
  tolerance: number,
  findings: Findings,
): Promise<void> => {
  const differ = (said: number | null, found: number) => !(Math.abs((said ?? Number.NaN) - found) <= tolerance);
  const said = (uid: number, what: string) => findings.diverges(`report of ${report.validator} on uid ${uid}: ${what}`);
  const { eval_batches } = network.scoring;
  const tooMany = (batches: number) => `${batches} batches are said to be measured, there are ${eval_batches}`;
  const baseline = report.baseline[group];
  if (baseline !== undefined && baseline.batches > eval_batches)
    findings.diverges(`report of ${report.validator} on the base, group "${group}": ${tooMany(baseline.batches)}`);
  else if (baseline !== undefined) {
    const loss = mean(await losses(null, 0, baseline.batches));
    if (differ(baseline.loss, loss))
      findings.diverges(
        `report of ${report.validator}: the base's loss on "${group}" is ${baseline.loss}, here ${loss}`,
      );
  }
  const entered = regated.flatMap(({ submission: { uid, hotkey, reveal }, result }) => {
    const entry = report.entries.find((one) => one.uid === uid && one.hotkey === hotkey);
    return entry && reveal?.group === group ? [{ entry, update: result?.ok ? result.update : null }] : [];
  });
  // What the validator could not fetch, or refused, did not run in its race, whoever gets it now.
  const raced = entered.flatMap(({ entry, update }) => (update && hasRun(entry) ? [{ entry, update }] : []));
  // One on which it failed may have run or not, and one that is not here is missing in the race of here.
  const isCourseKnown = entered.every(
    ({ entry, update }) => entry.reason !== "validator_failed" && (update !== null || !hasRun(entry)),
  );
  const race = await runRace<(typeof raced)[number]>({
    contenders: raced,
    rules: raceRules(network.scoring),
    before: (from, to) => losses(null, from, to),
    after: ({ update }, from, to) => losses(update, from, to),
    ...(ahead && {
      ahead: (those, from, to) =>
        ahead(
          those.map((one) => one?.update ?? null),
          from,
          to,
        ),
    }),
  });
  for (const contender of raced) {
    const { entry, update } = contender;
    if (entry.verdict !== "scored") continue;
    const batches = entry.batches ?? 0;
    if (batches > eval_batches) {
      said(entry.uid, tooMany(batches));
      continue;
    }
    const [before, after] = [await losses(null, 0, batches), await losses(update, 0, batches)];
    const { mean: reduction } = spreadOf(before.map((loss, i) => loss - after[i]!));
    if (differ(entry.lossReduction, reduction))
      said(entry.uid, `it lowers the loss by ${entry.lossReduction}, here by ${reduction}`);
    const here = race.results.get(contender);
    const isSameCourse = isCourseKnown && here?.batches === batches && race.before.length === baseline?.batches;
    if (here?.verdict === "scored" && isSameCourse && differ(entry.score, here.score))
      said(entry.uid, `its score is ${entry.score}, here ${here.score}`);
  }
};

/** Whether an update was measured: what is neither finite nor a score is known only of one that was. */
const hasRun = ({ verdict, reason }: ReportEntry): boolean => verdict === "scored" || reason === "non_finite_loss";
