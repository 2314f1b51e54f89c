import { importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { type Genesis, storeGenesis, storeNetwork } from "#owner/genesis/genesis.js";
import { checkShards } from "#owner/genesis/shard-check.js";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { ownChoices } from "#shared/evaluation/own-choices.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { shardLosses } from "#shared/evaluation/shard-losses.js";
import { type Expectation, loadTensors, openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar } from "#shared/telemetry/progress.js";
import { mapValues } from "#shared/training/objective.js";
import { pretrain } from "#shared/training/pretrain.js";
import { type UpcycledCheckpoint, upcycle } from "#shared/training/upcycle.js";
import { percent } from "#shared/util/percent.js";
import { totalMemory } from "#shared/util/total-memory.js";

export interface FirstModelOptions {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Nats that a shard's loss may differ by from the whole model's. */
  readonly shardMargin: number;
  readonly force: boolean;
}

export interface Making {
  readonly template: NetworkTemplate;
  readonly device: Device;
  readonly store: LocalStore;
  /** The template with the first cycle as it is now. */
  readonly dated: () => Promise<NetworkTemplate>;
  readonly signal: AbortSignal;
}

/** What was made, for people and as figures. */
export interface FirstModel {
  readonly made: Genesis;
  readonly facts: Readonly<Record<string, string>>;
  readonly figures: Readonly<Record<string, unknown>>;
}

/** The model of cycle 0 by a short training of all of it. */
export const pretrained = async (options: FirstModelOptions, making: Making): Promise<FirstModel> => {
  const { template, device, store, dated, signal } = making;
  const { steps, batchSize, learningRate, seed } = options;
  const parameters = await shown("pretraining", steps, (onStep) =>
    pretrain({
      network: template,
      device,
      seed: String(seed),
      steps,
      batchSize,
      learningRate,
      signal,
      onStep: (step, loss) => onStep(step, `loss ${loss.toFixed(3)}`),
    }),
  );
  const found = await measured(parameters, options, making);
  return { made: await storeGenesis(store, await dated(), parameters), ...found };
};

/** A checkpoint as the model of cycle 0. It is held in memory for what its shards are measured by, and not where these are full. */
export const imported = async (dir: string, options: FirstModelOptions, making: Making): Promise<FirstModel> => {
  const { template, store, dated, signal } = making;
  const parameters = countParameters(parameterShapes(template.model));
  const isMeasured = measuresShards(template, options);
  const expected = { model: template.model, authority: "the network template" };
  const found = isMeasured
    ? await measured(await readModel(dir, expected), options, making)
    : { facts: {}, figures: {} };
  const notes: string[] = [];
  const model = await importCheckpoint(store, template, dir, signal, (note) => notes.push(note));
  return {
    made: await storeNetwork(store, await dated(), model),
    facts: {
      checkpoint: dir,
      ...(notes.length > 0 && { note: notes.join("; ") }),
      parameters: parameters.toLocaleString("en-US"),
      ...found.facts,
    },
    figures: { checkpoint: dir, parameters, ...(notes.length > 0 && { notes }), ...found.figures },
  };
};

/** A dense checkpoint made a model with experts, whose routers are trained for the groups. */
export const upcycled = async (
  checkpoint: UpcycledCheckpoint,
  options: FirstModelOptions,
  making: Making,
): Promise<FirstModel> => {
  const { template, device, store, dated, signal } = making;
  const { steps, batchSize, learningRate, seed } = options;
  const parameters = await shown("training the routers", steps, (onStep) =>
    upcycle(checkpoint, {
      network: template,
      device,
      seed: String(seed),
      steps,
      batchSize,
      learningRate,
      signal,
      onStep: (step, mass) => onStep(step, `mass on the group's own experts ${percent(mass)}`),
    }),
  );
  const found = await measured(parameters, options, making);
  const own = await ownChoices(device, template, parameters, signal);
  const count = countParameters(parameterShapes(template.model));
  return {
    made: await storeGenesis(store, await dated(), parameters),
    facts: {
      checkpoint: checkpoint.dir,
      parameters: count.toLocaleString("en-US"),
      ...found.facts,
      ...named("own choices", own, percent),
    },
    figures: { checkpoint: checkpoint.dir, parameters: count, ...found.figures, ownChoices: own },
  };
};

/** Loss and bits per byte of each group's text, and that its shard computes the same. @throws BlockZeroError SHARD_DIFFERS */
const measured = async (
  parameters: Parameters,
  { shardMargin: margin, force }: FirstModelOptions,
  { template, device, signal }: Making,
): Promise<Pick<FirstModel, "facts" | "figures">> => {
  console.error("measuring the model's loss on each group's held-out text, and its shards");
  const batchSize = template.scoring.eval_batch_size;
  const meter = await createLossMeter(device, template, { batchSize, parameters });
  const losses = await heldOutLosses(meter, template, parameters, signal).finally(() => meter.dispose());
  const mode = template.model.shard?.mode ?? "restricted";
  const shards = await shardLosses(device, template, parameters, { margin, signal });
  if (!force) checkShards(shards, mode, margin);
  const ofShards = Object.fromEntries(shards.map(({ group, shard }) => [group, shard]));
  return {
    facts: {
      ...named("val_loss", losses, (one) => `${one.loss.toFixed(4)} nats, val_bpb ${one.bitsPerByte.toFixed(4)}`),
      ...named("shard loss", ofShards, (loss) => `${loss.toFixed(4)} nats, ${mode}`),
    },
    figures: {
      valLoss: mapValues(losses, ({ loss }) => loss),
      valBpb: mapValues(losses, ({ bitsPerByte }) => bitsPerByte),
      shardLoss: ofShards,
    },
  };
};

const named = <T>(what: string, values: Readonly<Record<string, T>>, text: (value: T) => string) =>
  Object.fromEntries(Object.entries(values).map(([group, value]) => [`${what} ${group}`, text(value)]));

const BAR_WIDTH = 28;

/** Runs a training with a line of progress. */
const shown = async <T>(
  what: string,
  steps: number,
  train: (onStep: (step: number, figure: string) => void) => Promise<T>,
): Promise<T> => {
  const view = new LiveView({ terminal: process.stderr });
  try {
    view.print(`${what}: ${steps} steps; compiling the first takes a while`);
    return await train((step, figure) => {
      const line = `${what}  ${bar((step + 1) / steps, BAR_WIDTH)}  step ${step + 1}/${steps}  ${figure}`;
      view.update([line], line);
    });
  } finally {
    view.close();
  }
};

const readModel = async (dir: string, expected: Expectation): Promise<Parameters> => {
  const checkpoint = await openCheckpoint(dir, expected);
  return loadTensors(checkpoint, checkpoint.tensors.keys()).finally(() => checkpoint.close());
};

const FLOAT_BYTES = 4;

type Shape = Pick<NetworkTemplate, "model">;

/** Whether the shards of a checkpoint's model are measured: those that are full are the whole model. */
const measuresShards = ({ model }: Shape, { force }: Pick<FirstModelOptions, "force">): boolean =>
  !force && model.shard?.mode !== "full";

/** A checkpoint whose shards are measured must fit into memory. @throws BlockZeroError SHARD_UNCHECKED */
export const checkMemory = (template: Shape, options: Pick<FirstModelOptions, "force">): void => {
  const bytes = FLOAT_BYTES * countParameters(parameterShapes(template.model));
  if (!measuresShards(template, options) || bytes < totalMemory()) return;
  throw new BlockZeroError(
    "SHARD_UNCHECKED",
    `the whole model takes ${bytes} bytes in float32, more than this machine has: its shards' losses cannot be measured`,
    "set model.shard to { mode: full }, whose shards need no check, or add --force",
  );
};
