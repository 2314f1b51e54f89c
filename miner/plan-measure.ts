import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { INITIALIZER_RANGE } from "#shared/model/init.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { MinerConfig } from "./config.js";
import { createShardTrainer } from "./shard-trainer.js";

export interface Measurement {
  /** Median of the measured steps. */
  readonly stepSeconds: number;
  /** Most resident memory that this process has had, bytes. */
  readonly peakResident: number;
}

/** Steps whose time counts, after one that does not. */
export const MEASURED_STEPS = 5;

/** Trains a shard of random weights for a few steps, to its update. @throws what opening the group's data throws */
export const measureTraining = async (
  config: MinerConfig,
  network: Network,
  device: Device,
  steps = MEASURED_STEPS,
): Promise<Measurement> => {
  const group = config.expert_group;
  const hub = randomTensors(hubShapes(network.model, network.groups));
  const base = randomTensors(groupShapes(network.model, groupNamed(network, group)));
  const trainer = await createShardTrainer({ device, network, group, config, hub }, base);
  const times: number[] = [];
  let before = performance.now();
  try {
    await trainer.train(base, {
      cycle: 0,
      maxSteps: steps + 1,
      stop: () => false,
      onStep: () => {
        const now = performance.now();
        times.push(now - before);
        before = now;
      },
    });
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
const randomTensors = (shapes: Readonly<Record<string, readonly number[]>>): Parameters => {
  const random = createRandom("plan");
  const noise = Float32Array.from({ length: 65_521 }, () => 2 * INITIALIZER_RANGE * (random.next() - 0.5));
  let at = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const tensor = zeros(shape);
      if (shape.length === 1) tensor.data.fill(1);
      else for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = noise[at++ % noise.length]!;
      return [name, tensor];
    }),
  );
};
