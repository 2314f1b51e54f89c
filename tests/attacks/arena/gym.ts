import { minerSettings } from "#miner/config.js";
import { shardStep } from "#miner/shard-trainer.js";
import { loadConfig } from "#shared/config/load.js";
import { groupTrainingLoader } from "#shared/data/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { zeros } from "#shared/engine/tensor.js";
import { expertsOf, groupShapes, hubShapes, shardOf } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { innerLoop } from "#shared/training/inner-loop.js";
import { mapValues } from "#shared/training/objective.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { createTrainStep, type TrainStep } from "#shared/training/train-step.js";
import { device } from "../../support/updates.js";

/**
 * Trains groups of one network for any miner; each run starts AdamW anew, so that a run is a pure function of its arguments. What honest miners
 * make of one base model is trained once.
 */
export interface Gym {
  /** trained − base of the group's tensors. */
  train(run: TrainingOf): Promise<Parameters>;
  dispose(): Promise<void>;
}

interface TrainingOf {
  /** All tensors, and what they are known by. */
  readonly base: { readonly hash: string; readonly whole: Parameters };
  readonly group: string;
  /** Seed of the batches, or the batches themselves, one a step. */
  readonly stream: string | readonly Batch[];
  readonly steps?: number;
}

export const BATCH_SIZE = 4;
export const STEPS = 24;
const LEARNING_RATE = 0.003;

export const openGym = (network: Omit<Network, "genesis">): Gym => {
  const compiled = new Map<string, Promise<TrainStep>>();
  const config = loadConfig(minerSettings, {
    env: {},
    flags: { chain_endpoint: "ws://127.0.0.1:1", netuid: 1, expert_group: "math", batch_size: BATCH_SIZE },
  });
  const whole: Network = { ...network, genesis: "0".repeat(64) };
  const stepOf = (group: string, params: Parameters, trainable: readonly string[]) => {
    let step = compiled.get(group);
    if (!step) {
      step = createTrainStep({ ...shardStep(whole, group, config), device, params, trainable });
      compiled.set(group, step);
    }
    return step;
  };
  /** One run at a time: those of a group share a step. */
  let last: Promise<unknown> = Promise.resolve();
  const run: Gym["train"] = async ({ base: { whole: base }, group, stream, steps = STEPS }) => {
    const experts = network.groups[group]!;
    const trainable = Object.keys(groupShapes(network.model, experts)).sort();
    const own = Object.fromEntries(trainable.map((name) => [name, base[name]!]));
    const hub = Object.fromEntries(
      Object.keys(hubShapes(network.model, network.groups)).map((name) => [name, base[name]!]),
    );
    const shard = shardOf(hub, own, expertsOf(network.model, experts));
    const trainStep = await stepOf(group, shard, trainable);
    const still = mapValues(own, ({ shape }) => zeros(shape));
    await trainStep.restore({ params: own, m: still, v: still, step: 0 });
    const batches = typeof stream === "string" ? null : stream;
    const loader = groupTrainingLoader(network, group, { batchSize: BATCH_SIZE, seed: String(stream) });
    let taken = 0;
    await innerLoop({
      trainStep,
      nextBatch: () => (batches ? batches[taken++ % batches.length]! : loader.next()),
      schedule: cosineWithWarmup({ peak: LEARNING_RATE, warmupSteps: 0, totalSteps: STEPS }),
      maxSteps: steps,
      accumulation: 1,
      stop: () => false,
    });
    const trained = await trainStep.params();
    return mapValues(own, ({ shape, data }, name) => ({
      ...own[name]!,
      shape,
      data: data.map((before, i) => trained[name]!.data[i]! - before),
    }));
  };
  const runs = new Map<string, Promise<Parameters>>();
  return {
    train(options) {
      const { base, group, stream, steps = STEPS } = options;
      const key = typeof stream === "string" ? JSON.stringify([base.hash, group, stream, steps]) : null;
      const known = key === null ? undefined : runs.get(key);
      if (known) return known;
      const result = last.then(() => run(options));
      last = result.catch(() => undefined);
      if (key !== null) runs.set(key, result);
      return result;
    },
    async dispose() {
      for (const step of compiled.values()) await (await step).dispose();
    },
  };
};
