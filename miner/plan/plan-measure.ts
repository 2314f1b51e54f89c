import type { Device } from "#shared/engine/device.js";
import { type FloatTensor, floatTensor, sizeOf } from "#shared/engine/tensor.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { INITIALIZER_RANGE } from "#shared/model/init.js";
import { frozenShapes } from "#shared/model/shard.js";
import { seededPiece } from "#shared/planning/seeded-pool.js";
import type { Network } from "#shared/protocol/network.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import type { FrozenSource } from "#shared/training/frozen-source.js";
import type { Shapes } from "#shared/training/objective.js";
import type { TrainingConfig } from "../config.js";

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
  const trainer = await createShardTrainer({ device, network, group, config, miner: "plan", hub });
  const times: number[] = [];
  let before = performance.now();
  try {
    await trainer.train(base, {
      cycle: 0,
      frozen,
      maxSteps: MEASURED_STEPS + 1,
      stop: () => signal.aborted,
      signal,
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

/**
 * Weights as a fresh model has them, so that routing is spread; beyond that nothing depends on them. Reading them takes as long as a copy, as it does
 * from the system's file cache.
 */
const randomSource = (shapes: Shapes): FrozenSource => {
  const piece = (name: string, shape: readonly number[]): FloatTensor =>
    shape.length === 1
      ? floatTensor(new Float32Array(shape[0]!).fill(1), shape)
      : floatTensor(seededPiece(name, sizeOf(shape), 2 * INITIALIZER_RANGE), shape);
  return {
    shapes,
    read: async (name) => piece(name, shapes[name]!),
    rows: async (name, first, end) => piece(`${name} ${first}`, [end - first, shapes[name]![1]!]),
  };
};
