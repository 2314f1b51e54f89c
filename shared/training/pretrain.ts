import { setImmediate as yieldToEvents } from "node:timers/promises";
import { groupTrainingLoader } from "#datasets/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { intTensor } from "#shared/engine/tensor.js";
import { expertsOf } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, pretrainingLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { cosineWithWarmup } from "./schedule.js";
import { createTrainStep } from "./train-step.js";

export interface Pretraining {
  readonly network: Pick<Network, "model" | "groups" | "data">;
  readonly device: Device;
  readonly seed: string;
  readonly steps: number;
  /** Sequences a step from each group. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly onStep?: (step: number, loss: number) => void;
  readonly signal: AbortSignal;
}

/** Weights of the router's two terms; large enough that a short run separates the groups, small beside the cross-entropy. */
const AFFINITY = 0.1;
const BALANCE = 0.02;

/** A short training of the whole model, hub and all experts, on every group's text at once: the model of cycle 0. */
export const pretrain = async (options: Pretraining): Promise<Parameters> => {
  const { network, device, seed, steps, batchSize, learningRate, signal } = options;
  const { model, groups, data } = network;
  const names = Object.keys(groups);
  const shape = {
    config: model,
    held: allExperts(model),
    batchSize: batchSize * names.length,
    sequenceLength: data.sequence_length,
  };
  const tokens = shape.batchSize * shape.sequenceLength;
  const params = initialParameters(model, createRandom(`${seed}/init`));
  const trainStep = await createTrainStep({
    device,
    loss: pretrainingLoss({
      ...shape,
      groups: names.length,
      owned: ownership(network),
      affinity: AFFINITY,
      balance: BALANCE,
    }),
    inputs: { ...batchInputs(shape), group: { shape: [tokens], dtype: "int64" } },
    params,
    trainable: Object.keys(params),
  });
  const loaders = names.map((name) => groupTrainingLoader(network, name, { batchSize, seed: `${seed}/${name}` }));
  const schedule = cosineWithWarmup({
    peak: learningRate,
    warmupSteps: Math.ceil(steps / 20),
    totalSteps: steps,
    floor: learningRate / 10,
  });
  const group = intTensor(
    BigInt64Array.from({ length: tokens }, (_, i) => BigInt(Math.floor((i * names.length) / tokens))),
    [tokens],
  );
  try {
    for (let step = 0; step < steps; step++) {
      signal.throwIfAborted();
      const batch = concatenate(loaders.map((loader) => loader.next()));
      const { metrics } = await trainStep.step([{ ...batch, group }], schedule(step));
      options.onStep?.(step, metrics.crossEntropy!);
      await yieldToEvents();
    }
    return await trainStep.params();
  } finally {
    await trainStep.dispose();
  }
};

/** For each layer, [groups, experts]: 1 where the group owns the expert. */
const ownership = ({ model, groups }: Pick<Network, "model" | "groups">): Float32Array[] => {
  const held = Object.values(groups).map((group) => expertsOf(model, group));
  return Array.from({ length: model.num_hidden_layers }, (_, layer) => {
    const table = new Float32Array(held.length * model.num_experts);
    for (const [row, layers] of held.entries())
      for (const expert of layers[layer]!) table[row * model.num_experts + expert] = 1;
    return table;
  });
};

const concatenate = (batches: readonly Batch[]) => {
  const join = (pick: (batch: Batch) => BigInt64Array) => {
    const parts = batches.map(pick);
    const all = new BigInt64Array(parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return intTensor(all, [all.length]);
  };
  return { ids: join((batch) => batch.ids), targets: join((batch) => batch.targets) };
};
