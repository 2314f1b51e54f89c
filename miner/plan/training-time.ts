import type { Device } from "#shared/engine/device.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import { countParameters, EMBEDDING, headName } from "#shared/model/parameters.js";
import { programShapes } from "#shared/model/whole-routers.js";
import { measureOptimiser, measureReading } from "#shared/planning/measure-host.js";
import { type GraphsTime, measureTime } from "#shared/planning/measure-time.js";
import type { Network } from "#shared/protocol/network.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { shardStep } from "#shared/shard-training/shard-trainer.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { layersStepGraphs, wholeStepGraphs } from "#shared/training/step-graphs.js";
import type { TrainingConfig } from "../config.js";
import type { TrainingPlan } from "./plan.js";

/** What a step takes on a device, found without one. */
export interface TrainingTime {
  readonly stepSeconds: number;
  /** Of all workers. */
  readonly tokensPerSecond: number;
  /** Floating-point operations of matrix products that a step has, and a second of their own time. */
  readonly flops: number;
  readonly flopsPerSecond: number;
  /** Whether the step's programs were run, or products of their shapes. */
  readonly by: GraphsTime["by"];
}

export interface TimeOptions {
  readonly device: Device;
  /** Bytes of memory that a program can still get here. */
  readonly available: number;
  /** The precision of the hub's files; float32 where it is not known. */
  readonly hubDType: FloatDType | null;
  /** Ends the measurement. */
  readonly signal: AbortSignal;
}

/**
 * The time of a step by its plan, from its programs or from matrix products, which are measured here. No weight is needed.
 *
 * @throws the signal's reason when it aborts
 */
export const measureTrainingTime = async (
  config: TrainingConfig,
  network: Network,
  { program, parameters, memory, train, workers }: TrainingPlan,
  { device, available, hubDType, signal }: TimeOptions,
): Promise<TrainingTime> => {
  const group = config.expert_group;
  const shape = shardShape(network, group, config);
  const trainable = Object.keys(groupShapes(network.model, groupNamed(network, group)));
  const accumulation = config.gradient_accumulation_steps;
  const shapes = programShapes(shape);
  const graphs =
    program === "layers"
      ? layersStepGraphs(shape, trainable, accumulation)
      : await wholeStepGraphs({
          ...shardStep(network, group, config),
          params: shapes,
          trainable,
          hostMemory: device.hostMemory,
        });
  const vocabulary = network.model.vocab_size;
  const { seconds, products, flops, by } = await measureTime(device, graphs, {
    rows: expertRows(shape),
    below: { ids: vocabulary, targets: vocabulary },
    hasRoom: memory.total <= available,
    signal,
  });
  let beside = 0;
  // Inside the program the optimiser is counted with it.
  if (device.hostMemory) {
    const { step, adding } = await measureOptimiser(signal);
    beside += parameters.group * (step + (accumulation - 1) * adding);
  }
  if (program === "layers") {
    const names = new Set(trainable);
    // Of an embedding that is not the head only the rows of tokens are.
    const read = Object.entries(shapes).filter(
      ([name]) => !names.has(name) && (name !== EMBEDDING || headName(shape.config) === EMBEDDING),
    );
    // Every layer's frozen weights are read for its forward and for its backward pass.
    const perElement = await measureReading(hubDType ?? "F32", signal);
    beside += 2 * accumulation * countParameters(Object.fromEntries(read)) * perElement;
  }
  // Workers share the processor's threads; a card each has its own.
  const stepSeconds = (device.hostMemory ? workers : 1) * (seconds + beside);
  return {
    stepSeconds,
    tokensPerSecond: train.tokensPerStep / stepSeconds,
    flops,
    flopsPerSecond: flops / products,
    by,
  };
};

/** Rows of an expert where all experts that are held get as many. */
const expertRows = ({ config, held, batchSize, sequenceLength }: ForwardShape): number => {
  const most = Math.max(1, ...held.map(({ length }) => length));
  const chosen = Math.min(config.num_experts_per_tok, most);
  return Math.max(1, Math.round((batchSize * sequenceLength * chosen) / most));
};
