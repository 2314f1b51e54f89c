import { importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { openCheckpointLog } from "#owner/genesis/checkpoint-log.js";
import { type Genesis, storeGenesis, storeNetwork } from "#owner/genesis/genesis.js";
import { checkChoices, checkShard } from "#owner/genesis/shard-check.js";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { evaluationMemory, STATES_SHARE } from "#shared/evaluation/evaluation-memory.js";
import { removeHiddenStates } from "#shared/evaluation/layers/hidden-states.js";
import { ownChoices } from "#shared/evaluation/own-choices.js";
import {
  type ShardLoss,
  type ShardLossOptions,
  type ShardLossProgress,
  shardLosses,
} from "#shared/evaluation/shard-losses.js";
import { checkpointPlaces } from "#shared/model/checkpoint-places.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { pretrain } from "#shared/training/pretrain.js";
import { type UpcycledCheckpoint, upcycle } from "#shared/training/upcycle.js";
import { percent } from "#shared/util/percent.js";
import { shown, shownSteps } from "./progress.js";

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
  /** Where files are while something is under way. */
  readonly home: string;
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
  const parameters = await shownSteps("pretraining", steps, (onStep) =>
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
  const own = await checkedChoices(parameters, options, making);
  return {
    made: await storeGenesis(store, await dated(), parameters),
    facts: { ...found.facts, ...named("own choices", own, percent) },
    figures: { ...found.figures, ownChoices: own },
  };
};

/** A checkpoint as the model of cycle 0, of which no more than a layer is in memory. Full shards are the whole model, and not measured. */
export const imported = async (dir: string, options: FirstModelOptions, making: Making): Promise<FirstModel> => {
  const { template, store, home, dated, signal } = making;
  const { model } = template;
  const parameters = countParameters(parameterShapes(model));
  const checkpoint = await openCheckpoint(dir, { model, authority: "the network template" });
  try {
    const { notes } = checkpoint;
    const log = await openCheckpointLog(home, checkpoint, store);
    try {
      const isMeasured = !options.force && model.shard?.mode !== "full";
      const found = isMeasured
        ? await measured(checkpointPlaces(checkpoint), options, { ...making, remember: log.losses })
        : { facts: {}, figures: {} };
      const hash = await shown("importing", `${parameters.toLocaleString("en-US")} parameters`, (at) =>
        importCheckpoint(store, template, checkpoint, {
          signal,
          once: log.blob,
          onStored: (share) => at(share, percent(share)),
        }),
      );
      return {
        made: await storeNetwork(store, await dated(), hash),
        facts: {
          checkpoint: dir,
          ...(notes.length > 0 && { note: notes.join("; ") }),
          parameters: parameters.toLocaleString("en-US"),
          ...found.facts,
        },
        figures: { checkpoint: dir, parameters, ...(notes.length > 0 && { notes }), ...found.figures },
      };
    } finally {
      log.close();
    }
  } finally {
    await checkpoint.close();
  }
};

/** A dense checkpoint made a model with experts, whose routers are trained for the groups. */
export const upcycled = async (
  checkpoint: UpcycledCheckpoint,
  options: FirstModelOptions,
  making: Making,
): Promise<FirstModel> => {
  const { template, device, store, dated, signal } = making;
  const { steps, batchSize, learningRate, seed } = options;
  const parameters = await shownSteps("training the routers", steps, (onStep) =>
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
  const own = await checkedChoices(parameters, options, making);
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

/** Share of the choices on each group's text that fall on its own experts. @throws BlockZeroError ROUTED_ELSEWHERE */
const checkedChoices = async (
  parameters: Parameters,
  { force }: FirstModelOptions,
  { template, device, signal }: Making,
): Promise<Record<string, number>> => {
  const own = await ownChoices(device, template, parameters, signal);
  if (!force) checkChoices(template, own);
  return own;
};

/** Loss and bits per byte of each group's text, and that its shard computes the same. @throws BlockZeroError SHARD_DIFFERS */
const measured = async (
  model: ModelTensors,
  { shardMargin: margin, force }: FirstModelOptions,
  { template, device, home, signal, remember }: Making & Pick<ShardLossOptions, "remember">,
): Promise<Pick<FirstModel, "facts" | "figures">> => {
  await removeHiddenStates(home);
  const memory = STATES_SHARE * evaluationMemory(0);
  const mode = template.model.shard?.mode ?? "restricted";
  const losses: ShardLoss[] = [];
  await shown("measuring", "the model's loss on each group's held-out text, and its shards'", async (at) => {
    const measuring = shardLosses(device, template, model, {
      margin,
      memory,
      folder: home,
      signal,
      ...(remember && { remember }),
      onLayer: (progress) => at(progress.share, layerOf(progress)),
    });
    for await (const ofGroup of measuring) {
      if (!force) checkShard(ofGroup, mode, margin);
      losses.push(ofGroup);
    }
  });
  const of = <T>(pick: (one: ShardLoss) => T) => Object.fromEntries(losses.map((one) => [one.group, pick(one)]));
  const ofShards = of(({ shard }) => shard);
  return {
    facts: {
      ...named("val_loss", of(textOfWhole), String),
      ...named("shard loss", ofShards, (loss) => `${loss.toFixed(4)} nats, ${mode}`),
    },
    figures: {
      valLoss: of(({ whole }) => whole),
      valBpb: of(({ bitsPerByte }) => bitsPerByte),
      shardLoss: ofShards,
    },
  };
};

const textOfWhole = ({ whole, bitsPerByte }: ShardLoss): string =>
  `${whole.toFixed(4)} nats, val_bpb ${bitsPerByte.toFixed(4)}`;

const layerOf = ({ group, mode, layer, layers }: ShardLossProgress): string =>
  `${group}, ${mode === "full" ? "whole model" : mode}  layer ${layer}/${layers}`;

const named = <T>(what: string, values: Readonly<Record<string, T>>, text: (value: T) => string) =>
  Object.fromEntries(Object.entries(values).map(([group, value]) => [`${what} ${group}`, text(value)]));
