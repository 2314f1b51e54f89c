import { groupHeldOutBatches } from "#datasets/group-data.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { joinBatches } from "#shared/data/join-batches.js";
import type { Batch } from "#shared/data/loader.js";
import type { DocumentSource } from "#shared/data/source.js";
import type { Device, Tensors } from "#shared/engine/device.js";
import { groupShapes } from "#shared/model/groups.js";
import { batchInputs, batchLosses } from "#shared/model/loss.js";
import { allInMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { leastOfEach } from "#shared/scoring/steps/measure-elsewhere.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { byteBudgetCache, bytesOfTensors } from "#shared/util/byte-budget-cache.js";
import { inLots } from "#shared/util/in-lots.js";
import { type Change, changed, changeOf } from "./change.js";
import { createEvaluator, type Evaluation } from "./evaluator.js";

/** Measures the whole model's loss on held-out text. */
export interface LossMeter {
  /** Mean loss of each batch, nats per token, in the batches' order. */
  losses(model: ModelTensors, batches: readonly Batch[]): Promise<number[]>;
  /** For a model and a group's updates of it. All of them give the same values up to the first of the group's experts, so these are computed once. */
  ofGroup(model: ModelTensors, group: ExpertGroup): Promise<GroupMeter>;
  /** Whether it reads models layer by layer, so that they may stay in their files. Another one reads them into memory as a whole. */
  readonly isLayerMajor?: boolean;
  /** The same meter, whose measurements the signal ends too, with its reason. Absent where none takes long. Dispose of the first one alone. */
  until?(signal: AbortSignal): LossMeter;
  dispose(): Promise<void>;
}

/** Its losses equal those of the whole model bit for bit. */
export interface GroupMeter {
  /** The losses with an update added to the model, or without one. */
  losses(update: FloatTensors | null, batches: readonly Batch[]): Promise<number[]>;
  /** The same of several changes in one pass over the model. Absent where that is not cheaper. */
  lossesTogether?(changes: readonly (Change | null)[], batches: readonly Batch[]): Promise<number[][]>;
}

/** Bytes that a group's meter keeps of its batches. */
export const KEPT_BYTES = 256 << 20;

/** Least number of tokens per run: small batches are joined. Above this number the rate grows no further (`npm run bench -- validation`). */
const RUN_TOKENS = 1024;

/** Number of batches that go through a program at once. */
export const batchesOfRun = (
  batchSize: number,
  { sequence_length }: Pick<Network["data"], "sequence_length">,
): number => Math.max(1, Math.floor(RUN_TOKENS / (batchSize * sequence_length)));

/** Compiles the forward pass once, and feeds models and updates to it. Small batches are joined, so that they share the fixed cost of a run. */
export const createLossMeter = async (
  device: Device,
  { model: config, data }: Pick<Network, "model" | "data">,
  { batchSize, parameters }: { batchSize: number; parameters: Parameters },
): Promise<LossMeter> => {
  const together = batchesOfRun(batchSize, data);
  const shape = {
    config,
    held: allExperts(config),
    ...windowsOf(data, together * batchSize),
  };
  const evaluator = await createEvaluator({
    device,
    loss: batchLosses(shape, together),
    inputs: batchInputs(shape),
    params: parameters,
  });
  const inRuns = async (
    batches: readonly Batch[],
    evaluate: (run: readonly Batch[]) => Promise<Evaluation>,
  ): Promise<number[]> => {
    const losses: number[] = [];
    for (const run of inLots(batches, together)) {
      const { metrics } = await evaluate(run);
      losses.push(...run.map((_, i) => metrics[i]!));
    }
    return losses;
  };
  return {
    losses: async (override, batches) => {
      const changed = await allInMemory(override);
      return inRuns(batches, (run) => evaluator.evaluate(changed, batchTensors(joined(run, together))));
    },
    async ofGroup(model, group) {
      const base = await allInMemory(model);
      const names = Object.keys(groupShapes(config, group));
      const cut = await evaluator.cutAt(names);
      const numberOf = numbered<Batch>();
      const keep = byteBudgetCache<string, Tensors>((tensors) => bytesOfTensors(Object.values(tensors)), KEPT_BYTES);
      const prepared = (run: readonly Batch[]) =>
        keep(`${run.map(numberOf)}`, () => cut.prepare(base, batchTensors(joined(run, together))));
      return {
        async losses(update, batches) {
          const change = update && changeOf(update, names);
          const own: Record<string, Parameters[string]> = {};
          if (change) for (const name of names) own[name] = await changed(base, change, name);
          const replaced = { ...base, ...own };
          return inRuns(batches, async (run) => cut.evaluate(replaced, await prepared(run)));
        },
      };
    },
    dispose: () => evaluator.dispose(),
  };
};

/** Joins some batches into one of `count` times their size. Repeats the last batch if there are fewer. */
export const joined = (batches: readonly Batch[], count: number): Pick<Batch, "ids" | "targets" | "starts"> =>
  joinBatches(Array.from({ length: count }, (_, i) => batches[Math.min(i, batches.length - 1)]!));

/** Gives each object a number, always the same one. */
const numbered = <T>(): ((thing: T) => number) => {
  const numbers = new Map<T, number>();
  return (thing) => {
    const number = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, number);
    return number;
  };
};

/** The evaluation batches of a cycle's seed. @param sealed the opened text of a group that has sealed text, else null */
export const evaluationBatches = (
  network: Network,
  group: string,
  seed: string,
  sealed: DocumentSource | null,
): readonly Batch[] => drawn(network, group, { batches: network.scoring.eval_batches, seed, sealed });

/** Multiple of an evaluation's batches. With it, a step is found as surely as an update that lowers the loss by three times as much. */
export const STEP_BATCHES = 4;

/**
 * The greatest number of batches on which a cycle's candidate steps are measured, drawn as `evaluationBatches` draws. With sealed text
 * there need not be more batches than one evaluation draws: repeating the same windows would overstate the certainty.
 */
export const stepBatches = (
  network: Network,
  group: string,
  seed: string,
  sealed: DocumentSource | null,
): readonly Batch[] => {
  const times = sealed ? 1 : STEP_BATCHES;
  return drawn(network, group, { batches: times * network.scoring.eval_batches, seed, sealed });
};

/** Batches of the other groups' text, as a share of an evaluation's. */
const OTHER_SHARE = 1 / 4;

/**
 * Batches of the other groups' text, on which a group's approved steps are held against the base: together a quarter of an evaluation's, at
 * least eight, and two of each group, as many of each, by turns.
 *
 * @param texts each other group's seed of the choose phase, and its opened text where that is sealed
 */
export const otherBatches = (
  network: Network,
  texts: ReadonlyMap<string, { readonly seed: string; readonly sealed: DocumentSource | null }>,
): readonly Batch[] => {
  if (texts.size === 0) return [];
  const wanted = Math.ceil(OTHER_SHARE * network.scoring.eval_batches);
  const batches = Math.max(leastOfEach(texts.size), Math.ceil(wanted / texts.size));
  const ofGroups = [...texts].map(([group, text]) => drawn(network, group, { batches, ...text }));
  return Array.from({ length: batches }, (_, i) => ofGroups.map((own) => own[i]!)).flat();
};

const drawn = (
  network: Network,
  group: string,
  text: { readonly batches: number; readonly seed: string; readonly sealed: DocumentSource | null },
): readonly Batch[] =>
  groupHeldOutBatches(network, group, {
    ...text,
    batchSize: network.scoring.eval_batch_size,
  });
