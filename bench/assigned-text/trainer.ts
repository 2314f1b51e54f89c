import { TRAINING } from "#localnet/training.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { joinBatches } from "#shared/data/join-batches.js";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import { withUpdate } from "#shared/evaluation/change.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import type { Schedule } from "#shared/training/schedule.js";
import { compileGroupStep, freshMoments, gained, groupTensors } from "../group-step.js";

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
  const own = groupTensors(network, group, base);
  const step = await compileGroupStep(device, network, group, { config, whole: base });
  return {
    async train({ steps, schedule, after, stops = [steps.length] }) {
      const params = after ? withUpdate(own, new Map(Object.entries(after))) : own;
      await step.restore({ params, ...freshMoments(own) });
      const updates: Parameters[] = [];
      for (const [i, batches] of steps.entries()) {
        await step.step([batchTensors(joinBatches(batches))], schedule(i));
        if (stops.includes(i + 1)) updates.push(gained(own, await step.params()));
      }
      return updates;
    },
    dispose: () => step.dispose(),
  };
};
