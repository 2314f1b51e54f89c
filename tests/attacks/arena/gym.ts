import { compileGroupStep, freshMoments, gained, groupTensors } from "#bench/group-step.js";
import { groupTrainingLoader } from "#datasets/group-data.js";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import type { Batch } from "#shared/data/loader.js";
import type { Parameters } from "#shared/model/parameters.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import { innerLoop } from "#shared/training/inner-loop.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import type { TrainState, TrainStep } from "#shared/training/train-step.js";
import { device } from "../../support/updates.js";
import type { Inner, NetworkTemplate } from "./models/arena-model.js";

/**
 * Trains groups of one network for any miner, as miners do: AdamW's moments live on from one training to the next. Each run is a pure
 * function of its arguments, so that what honest miners make of one base model is trained once.
 */
export interface Gym {
  train(run: TrainingOf): Promise<Run>;
  dispose(): Promise<void>;
}

interface TrainingOf {
  /** All tensors, and what they are known by. */
  readonly base: { readonly hash: string; readonly whole: Parameters };
  readonly group: string;
  /** Seed of the batches, or the batches themselves, one a step. */
  readonly stream: string | readonly Batch[];
  readonly steps?: number;
  /** The training before, whose moments it goes on with; unset: none. */
  readonly after?: Run | undefined;
}

export interface Run {
  /** trained − base of the group's tensors. */
  readonly update: Parameters;
  readonly optimiser: Omit<TrainState, "params">;
  /** What it is known by; runs of one id are alike. */
  readonly id: string;
}

/** Runs that are remembered: some megabytes each on the localnet's model. */
const REMEMBERED = 64;

export const openGym = (network: NetworkTemplate, training: Inner): Gym => {
  const compiled = new Map<string, Promise<TrainStep>>();
  const config = loadConfig(minerSettings, {
    env: {},
    flags: { chain_endpoint: "ws://127.0.0.1:1", netuid: network.netuid, expert_group: "math", ...training },
  });
  const whole: Network = { ...network, genesis: "0".repeat(64) };
  const stepOf = (group: string, base: Parameters) => {
    let step = compiled.get(group);
    if (!step) {
      step = compileGroupStep(device, whole, group, { config, whole: base });
      compiled.set(group, step);
    }
    return step;
  };
  /** One run at a time: those of a group share a step. */
  let last: Promise<unknown> = Promise.resolve();
  const run = async (
    { base: { whole: base }, group, stream, after, steps = config.max_steps }: TrainingOf,
    id: string,
  ): Promise<Run> => {
    const own = groupTensors(whole, group, base);
    const trainStep = await stepOf(group, base);
    await trainStep.restore({ params: own, ...(after?.optimiser ?? freshMoments(own)) });
    const batches = typeof stream === "string" ? null : stream;
    const loader = groupTrainingLoader(network, group, { batchSize: config.batch_size, seed: String(stream) });
    let taken = 0;
    await innerLoop({
      trainStep,
      nextBatch: () => (batches ? batches[taken++ % batches.length]! : loader.next()),
      schedule: cosineWithWarmup({
        peak: config.learning_rate,
        warmupSteps: config.warmup_steps,
        // Who trains for longer has a schedule as long.
        totalSteps: Math.max(steps, config.max_steps),
      }),
      maxSteps: steps,
      accumulation: config.gradient_accumulation_steps,
      spikeThreshold: config.spike_threshold,
      stop: () => false,
    });
    const { params, ...optimiser } = await trainStep.state();
    return { update: gained(own, params), optimiser, id };
  };
  const runs = new Map<string, Promise<Run>>();
  return {
    train(options) {
      const { base, group, stream, after, steps = config.max_steps } = options;
      const batches = typeof stream === "string" ? stream : stream.map(({ ids }) => Array.from(ids, String));
      const id = hashJson([base.hash, group, batches, steps, after?.id ?? null]);
      let result = runs.get(id);
      if (result) runs.delete(id);
      else {
        result = last.then(() => run(options, id));
        last = result.catch(() => undefined);
      }
      // The last used comes last, the first is forgotten.
      runs.set(id, result);
      if (runs.size > REMEMBERED) runs.delete(runs.keys().next().value!);
      return result;
    },
    async dispose() {
      for (const step of compiled.values()) await (await step).dispose();
    },
  };
};
