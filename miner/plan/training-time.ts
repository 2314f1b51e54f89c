import type { Device } from "#shared/engine/device.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { workOf } from "#shared/planning/graph-work.js";
import { measureBandwidth, measureWork } from "#shared/planning/measure-work.js";
import type { Network } from "#shared/protocol/network.js";
import { layersStepGraphs, wholeStepGraphs } from "#shared/training/step-graphs.js";
import type { TrainingConfig } from "../config.js";
import { shardShape } from "../training/shard-layers.js";
import { shardStep } from "../training/shard-trainer.js";
import type { TrainingPlan } from "./plan.js";

/** What a step takes on a device, found without one. */
export interface TrainingTime {
  readonly stepSeconds: number;
  /** Of all workers. */
  readonly tokensPerSecond: number;
  /** Floating-point operations of matrix products that a step has, and a second of their own time. */
  readonly flops: number;
  readonly flopsPerSecond: number;
}

/** What AdamW reads and writes of each trained parameter: itself, its gradient and two moments; three of them are written. */
const OPTIMISER_BYTES = 7 * 4;
/** A frozen weight that is read from its file is read from the file cache, and written. */
const READ_TOUCHES = 2;

/** The time of a step by its plan, from matrix products that are measured here. No weight is needed. */
export const measureTrainingTime = async (
  config: TrainingConfig,
  network: Network,
  { program, parameters, mapped, train, workers }: TrainingPlan,
  device: Device,
): Promise<TrainingTime> => {
  const group = config.expert_group;
  const shape = shardShape(network, group, config);
  const trainable = Object.keys(groupShapes(network.model, groupNamed(network, group)));
  const accumulation = config.gradient_accumulation_steps;
  const graphs =
    program === "layers"
      ? layersStepGraphs(shape, trainable, accumulation)
      : await wholeStepGraphs({
          ...shardStep(network, group, config),
          params: parameterShapes(shape.config, shape.held),
          trainable,
          hostMemory: device.hostMemory,
        });
  const { seconds, products, flops } = await measureWork(device, workOf(graphs, expertRows(shape)));
  // Inside the program the optimiser is counted with it. Every layer's frozen weights are read for its forward and for its backward pass.
  const moved = device.hostMemory ? OPTIMISER_BYTES * parameters.group : 0;
  const read = READ_TOUCHES * 2 * accumulation * mapped;
  const beside = (moved + read) / (await measureBandwidth(device));
  // Workers share the processor's threads; a card each has its own.
  const stepSeconds = (device.hostMemory ? workers : 1) * (seconds + beside);
  return {
    stepSeconds,
    tokensPerSecond: train.tokensPerStep / stepSeconds,
    flops,
    flopsPerSecond: flops / products,
  };
};

/** Rows of an expert where all experts that are held get as many. */
const expertRows = ({ config, held, batchSize, sequenceLength }: ForwardShape): number => {
  const most = Math.max(1, ...held.map(({ length }) => length));
  const chosen = Math.min(config.num_experts_per_tok, most);
  return Math.max(1, Math.round((batchSize * sequenceLength * chosen) / most));
};
