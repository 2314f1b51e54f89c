import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { INITIALIZER_RANGE } from "#shared/model/init.js";
import { frozenShapes } from "#shared/model/shard.js";
import type { Network } from "#shared/protocol/network.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { wholeTensors } from "#shared/training/frozen-source.js";
import type { Shapes } from "#shared/training/step-backend.js";
import type { TrainingConfig } from "../config.js";
import { createShardTrainer } from "../training/shard-trainer.js";

export interface Measurement {
  /** Median of the measured steps. */
  readonly stepSeconds: number;
  /** Most resident memory that this process has had, bytes. */
  readonly peakResident: number;
}

/** Steps whose time counts, after one that does not. */
const MEASURED_STEPS = 5;

/** Trains a shard of random weights for a few steps, to its update. @throws what opening the group's data throws */
export const measureTraining = async (
  config: TrainingConfig,
  network: Network,
  device: Device,
  signal: AbortSignal,
): Promise<Measurement> => {
  const group = config.expert_group;
  const hub = randomSource(hubShapes(network.model, network.groups));
  const base = randomSource(groupShapes(network.model, groupNamed(network, group)));
  const frozen = randomSource(frozenShapes(network, group));
  const trainer = await createShardTrainer({ device, network, group, config, miner: "plan", hub: wholeTensors(hub) });
  const times: number[] = [];
  let before = performance.now();
  try {
    await trainer.train(base, {
      cycle: 0,
      frozen,
      maxSteps: MEASURED_STEPS + 1,
      stop: () => signal.aborted,
      onStep: () => {
        const now = performance.now();
        times.push(now - before);
        before = now;
      },
    });
    signal.throwIfAborted();
  } finally {
    await trainer.dispose();
  }
  const ascending = times.slice(1).sort((a, b) => a - b);
  return {
    stepSeconds: ascending[Math.floor(ascending.length / 2)]! / 1000,
    peakResident: process.resourceUsage().maxRSS * 1024,
  };
};

/** Weights as a fresh model has them, so that routing is spread; beyond that nothing depends on them. */
const randomSource = (shapes: Shapes): FloatSource => ({
  shapes,
  read: async (name) => {
    const random = createRandom(`plan/${name}`);
    const tensor = zeros(shapes[name]!);
    const { data, shape } = tensor;
    if (shape.length === 1) data.fill(1);
    else for (let i = 0; i < data.length; i++) data[i] = 2 * INITIALIZER_RANGE * (random.next() - 0.5);
    return tensor;
  },
});
