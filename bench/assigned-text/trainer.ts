import { TRAINING } from "#localnet/training.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { joinBatches } from "#shared/data/join-batches.js";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { groupShard } from "#shared/model/shard.js";
import { wholeRouters } from "#shared/model/whole-routers.js";
import type { Network } from "#shared/protocol/network.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { shardStep } from "#shared/shard-training/shard-trainer.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { mapValues } from "#shared/training/objective.js";
import type { Schedule } from "#shared/training/schedule.js";
import { createTrainStep } from "#shared/training/train-step.js";

export interface Lesson {
  /** The batches of each step. */
  readonly steps: readonly (readonly Batch[])[];
  readonly schedule: Schedule;
  /** An update of the base that the training begins with; unset: none. */
  readonly after?: Parameters;
  /** Numbers of steps, ascending, after which the update is wanted; unset: all of them. */
  readonly stops?: readonly number[];
}

/** Trains a group's experts as the localnet's miners do, on given text. */
export interface Trainer {
  /** The update of the base at each stop. AdamW's moments begin at zero. */
  train(lesson: Lesson): Promise<readonly Parameters[]>;
  dispose(): Promise<void>;
}

export const openTrainer = async (
  device: Device,
  network: Network,
  group: string,
  base: Parameters,
): Promise<Trainer> => {
  const config = loadConfig(minerSettings, { env: {}, flags: { ...TRAINING, expert_group: group } });
  const trainable = Object.keys(groupShapes(network.model, network.groups[group]!)).sort();
  const own = Object.fromEntries(trainable.map((name) => [name, base[name]!]));
  const step = await createTrainStep({
    ...shardStep(network, group, config),
    device,
    params: { ...groupShard(network, group, base, own), ...wholeRouters(shardShape(network, group, config), base) },
    trainable,
  });
  const still = mapValues(own, ({ shape }) => zeros(shape));
  const updateNow = async (): Promise<Parameters> => {
    const params = await step.params();
    return mapValues(own, (before, name) => ({
      ...before,
      data: params[name]!.data.map((value, i) => value - before.data[i]!),
    }));
  };
  return {
    async train({ steps, schedule, after, stops = [steps.length] }) {
      const params = after ? withUpdate(own, new Map(Object.entries(after))) : own;
      await step.restore({ params, m: still, v: still, step: 0 });
      const updates: Parameters[] = [];
      for (const [i, batches] of steps.entries()) {
        await step.step([batchTensors(joinBatches(batches))], schedule(i));
        if (stops.includes(i + 1)) updates.push(await updateNow());
      }
      return updates;
    },
    dispose: () => step.dispose(),
  };
};
