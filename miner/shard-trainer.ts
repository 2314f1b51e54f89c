import { openSource } from "#datasets/index.js";
import { groupTrainingLoader } from "#shared/data/group-data.js";
import type { Device } from "#shared/engine/device.js";
import { expertsOf, shardOf } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { type InnerLoop, type InnerRun, innerLoop } from "#shared/training/inner-loop.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { createTrainStep } from "#shared/training/train-step.js";
import type { MinerConfig } from "./config.js";

export interface ShardTrainerOptions {
  readonly device: Device;
  readonly network: Network;
  readonly group: string;
  readonly config: MinerConfig;
  readonly hub: Parameters;
}

export interface Training {
  readonly run: InnerRun;
  /** The group's expert tensors after training. */
  readonly trained: Parameters;
}

/** Trains one expert group against a frozen hub; compiled once, AdamW's moments live on across cycles as in DiLoCo. */
export interface ShardTrainer {
  train(
    base: Parameters,
    options: Pick<InnerLoop, "stop" | "progress" | "onStep"> & { cycle: number; maxSteps?: number },
  ): Promise<Training>;
  dispose(): Promise<void>;
}

export const createShardTrainer = async (
  { device, network, group, config, hub }: ShardTrainerOptions,
  base: Parameters,
): Promise<ShardTrainer> => {
  const held = expertsOf(network.model, network.groups[group]!);
  const shape = {
    config: network.model,
    held,
    batchSize: config.batch_size,
    sequenceLength: network.data.sequence_length,
  };
  const trainStep = await createTrainStep({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: shardOf(hub, base, held),
    trainable: Object.keys(base),
    adamw: { weightDecay: config.weight_decay },
    accumulation: config.gradient_accumulation_steps,
  });
  const own =
    config.data_path === undefined
      ? undefined
      : { source: openSource({ kind: "jsonl", path: config.data_path }), share: config.data_weight };

  return {
    async train(from, { cycle, maxSteps = config.max_steps, ...control }) {
      trainStep.restore({ ...trainStep.state(), params: from });
      const loader = groupTrainingLoader(network, group, {
        batchSize: config.batch_size,
        seed: `${config.seed}/${config.wallet.hotkey}/${cycle}`,
        own,
      });
      const run = await innerLoop({
        trainStep,
        nextBatch: loader.next,
        schedule: cosineWithWarmup({
          peak: config.learning_rate,
          warmupSteps: Math.min(config.warmup_steps, config.max_steps),
          totalSteps: config.max_steps,
        }),
        maxSteps,
        accumulation: config.gradient_accumulation_steps,
        ...control,
      });
      return { run, trained: trainStep.params() };
    },
    dispose: () => trainStep.dispose(),
  };
};
