import { groupHeldOutBatches, groupTrainingLoader } from "#datasets/group-data.js";
import { openOwnDocuments } from "#datasets/own-documents.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { frozenShapes, groupShard } from "#shared/model/shard.js";
import { wholeRouters } from "#shared/model/whole-routers.js";
import type { Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import { type FloatSource, readAll } from "#shared/training/float-source.js";
import type { FrozenSource } from "#shared/training/frozen-source.js";
import { batchTensors, innerLoop } from "#shared/training/inner-loop.js";
import { mapValues, type Shapes } from "#shared/training/objective.js";
import { cosineWithWarmup } from "#shared/training/schedule.js";
import { createTimeBox, stepTimes } from "#shared/training/time-box.js";
import type { TrainStepOptions } from "#shared/training/train-options.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { withSignals } from "#shared/util/join-signals.js";
import { checkpointRuns, type KeepOptions } from "./checkpoint-runs.js";
import { type RunPlace, shardChoice, streamSeed } from "./run-identity.js";
import type { ShardSettings } from "./settings.js";
import { layeredShard, shardProgram, shardShape } from "./shard-layers.js";
import type { HeldOut, ShardTrainer, Training, TrainOptions } from "./trainer.js";

export interface ShardTrainerOptions {
  readonly device: Device;
  readonly network: Network;
  readonly group: string;
  readonly config: ShardSettings;
  /**
   * Read once where the whole graph is trained, else whenever a layer needs its weights; then it must last as long as the trainer, which closes it.
   */
  readonly hub: FrozenSource & Partial<Pick<OpenWeights, "close">>;
  /** Whose training stream it is: seeds it. */
  readonly miner: string;
  /** Which of the machine's replicas this is; 0 by default. */
  readonly replica?: number;
  /** Keeps checkpoints, and goes on from them. */
  readonly keep?: KeepOptions;
  /** Bytes that a step as one graph may take; by default a share of this machine's. */
  readonly memory?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** What a shard's training step is compiled from, its tensors apart. */
export const shardStep = (
  network: Network,
  group: string,
  config: ShardSettings,
): Omit<TrainStepOptions, "device" | "params" | "trainable"> => {
  const shape = shardShape(network, group, config);
  return {
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    adamw: { weightDecay: config.weight_decay },
    accumulation: config.gradient_accumulation_steps,
  };
};

/** Compiles the training step once, and trains with it in this process. */
export const createShardTrainer = async (given: ShardTrainerOptions): Promise<ShardTrainer> => {
  const { device, hub, network, group, config, miner, keep, replica = 0, now = Date.now } = given;
  const shapes = groupShapes(network.model, groupNamed(network, group));
  const others = frozenShapes(network, group);
  const place: RunPlace = { network, group, config, miner, replica };
  const shape = shardShape(network, group, config);
  const program = await shardProgram(network, group, config, device, given.memory);
  const wholeParams = async () => {
    const weights = await readAll(hub);
    return { ...groupShard(network, group, weights, experts), ...wholeRouters(shape, weights) };
  };
  // A training brings its own weights, and those of other groups that it computes with.
  const experts = mapValues(program === "whole" ? { ...shapes, ...others } : shapes, zeros);
  const trainStep = await createTrainStep({
    ...shardStep(network, group, config),
    device,
    params: program === "whole" ? await wholeParams() : experts,
    ...(program === "layers" && { layered: layeredShard(network, group, config, hub) }),
    // In one order wherever the tensors come from, since the gradient's norm is summed in it.
    trainable: Object.keys(shapes).sort(),
  });
  if (program === "whole") await hub.close?.();
  const own =
    config.data_path === undefined
      ? undefined
      : {
          source: openOwnDocuments(config.data_path, openTokenizer(network.data)),
          share: config.data_weight,
        };
  const runs = keep && checkpointRuns({ ...keep, trainStep, place, shapes, now });
  const times = stepTimes();
  const over = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  /** Does work after what was begun before, which may have been stopped and not have ended yet. `dispose` ends it, and waits for it. */
  const inTurn = <T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const done = working.then(() => withSignals([over.signal, signal], work));
    working = done.catch(() => undefined);
    return done;
  };

  const train = async (from: FloatSource, options: TrainOptions, signal: AbortSignal): Promise<Training> => {
    const { cycle, model, frozen, maxSteps = config.max_steps, stop, onStep, ...clock } = options;
    const loader = groupTrainingLoader(network, group, {
      batchSize: config.batch_size,
      seed: streamSeed(place, cycle),
      own,
      shards: shardChoice(place, cycle),
    });
    const run = model === undefined ? undefined : await runs?.begin({ cycle, model, loader });
    if (!run?.progress) await trainStep.begin(from);
    checkFrozen(frozen, others);
    if (frozen) await trainStep.freeze(frozen);
    const deadline = clock.deadline ?? (() => undefined);
    try {
      const result = await innerLoop({
        trainStep,
        nextBatch: loader.next,
        schedule: cosineWithWarmup({
          peak: config.learning_rate,
          warmupSteps: Math.min(config.warmup_steps, config.max_steps),
          totalSteps: config.max_steps,
        }),
        maxSteps,
        accumulation: config.gradient_accumulation_steps,
        spikeThreshold: config.spike_threshold,
        timeBox: createTimeBox({ times, now, deadline, elapsed: given.now }),
        progress: timePassed(now, deadline, clock.progress),
        stop,
        signal,
        ...(run?.progress && { from: run.progress }),
        ...(run && { betweenSteps: run.betweenSteps }),
        onStep: (step) => onStep?.({ ...step, replica }),
        ...(keep && { onFault: (fault) => endedEarly(keep.log, cycle, fault) }),
      });
      return { run: result, update: difference(trainStep.trained, from) };
    } finally {
      run?.end();
    }
  };

  const losses = async (weights: FloatSource, heldOut: HeldOut, signal: AbortSignal): Promise<readonly number[]> => {
    const batches = groupHeldOutBatches(network, group, { ...heldOut, batchSize: config.batch_size });
    // A checkpoint of the trained weights may still be read from the tensors that these replace.
    await runs?.settled();
    await trainStep.begin(weights);
    const measured: number[] = [];
    for (const batch of batches) measured.push(await trainStep.loss(batchTensors(batch), signal));
    return measured;
  };

  return {
    train: (from, job) => inTurn(job.signal, (signal) => train(from, job, signal)),
    losses: (weights, heldOut) => inTurn(heldOut.signal, (signal) => losses(weights, heldOut, signal)),
    async dispose() {
      over.abort(new BlockZeroError("STOPPED", "the trainer was closed before a step's end", "start the miner again"));
      await working;
      await runs?.settled();
      await trainStep.dispose();
      if (program === "layers") await hub.close?.();
    },
  };
};

/** A card whose memory another program took, or a disk that did not answer: what was trained until then is worth the same. */
const endedEarly = (log: Log, cycle: number, { code, message, hint }: BlockZeroError): void =>
  log.warn("training ended early: a step failed", { cycle, code, reason: message, prevention: hint });

/** A caller that forgets other groups' weights would train against zeros. */
const checkFrozen = (frozen: FloatSource | undefined, others: Shapes): void => {
  const missing = Object.keys(others).find((name) => !frozen || !Object.hasOwn(frozen.shapes, name));
  if (missing !== undefined) throw new TypeError(`a shard that computes with ${missing} needs its weights`);
};

/** Δ = trained − base, element by element in float32, with the sign of an improvement (DiLoCo's pseudo-gradient is −Δ). */
const difference = (trained: FloatSource, base: FloatSource): FloatSource => ({
  shapes: trained.shapes,
  async read(name) {
    const tensor = await trained.read(name);
    const before = await base.read(name);
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i]! -= before.data[i]!;
    return tensor;
  },
});

/** Share of the time from now to the deadline that has passed; where there is none, what `otherwise` says. */
const timePassed = (now: () => number, deadline: () => number | undefined, otherwise: () => number = () => 0) => {
  const begun = now();
  return () => {
    const end = deadline();
    if (end === undefined) return otherwise();
    return end <= begun ? 1 : Math.min(1, (now() - begun) / (end - begun));
  };
};
