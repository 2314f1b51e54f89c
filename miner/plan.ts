import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { expertsOf, groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { planStep, type StepMemory } from "#shared/training/plan.js";
import type { TrainingConfig } from "./config.js";
import { shardStep } from "./shard-trainer.js";

/** Bytes, unless said otherwise. */
export interface TrainingPlan {
  readonly group: string;
  readonly parameters: { readonly hub: number; readonly group: number };
  readonly workers: number;
  /** Of one worker. */
  readonly memory: StepMemory & {
    /** At the cycle's end: the update, and its file. */
    readonly submission: number;
    /** Node.js and ONNX Runtime themselves. */
    readonly runtime: number;
    readonly total: number;
  };
  readonly disk: {
    readonly models: number;
    readonly updates: number;
    readonly checkpoints: number;
    readonly total: number;
  };
  readonly transfer: {
    /** Once: the hub changes only with the network file. */
    readonly hub: number;
    readonly downPerCycle: number;
    /** To each validator that scores it. */
    readonly upPerCycle: number;
  };
  readonly train: { readonly seconds: number; readonly maxSteps: number; readonly tokensPerStep: number };
}

/** Resident memory of a process that has loaded the engine and compiled a graph of no size. */
const RUNTIME_BYTES = 140e6;

const FLOAT_BYTES = 4;

/** What training a group costs this machine, from shapes alone: nothing is allocated. */
export const planTraining = async (
  config: TrainingConfig,
  network: Network,
  { blockSeconds }: { readonly blockSeconds: number },
): Promise<TrainingPlan> => {
  const group = config.expert_group;
  const shapes = groupShapes(network.model, groupNamed(network, group));
  const held = expertsOf(network.model, network.groups[group]!);
  const shard = parameterShapes(network.model, held);
  const tokens = config.batch_size * network.data.sequence_length;
  const hub = FLOAT_BYTES * countParameters(hubShapes(network.model, network.groups));
  const step = await planStep({
    ...shardStep(network, group, config),
    params: shard,
    trainable: Object.keys(shapes),
    mostRows: tokens,
  });

  // The hub's file stays in memory whole, also those rows and experts of it that this group does not compute with.
  const memory = { ...step, frozen: hub };
  const weights = memory.trained;
  const codec = CODECS[network.artifact.codec];
  const update = encodedLength(codec, new Map(Object.entries(shapes)));
  const submission = weights + update;
  const total = Object.values(memory).reduce((sum, bytes) => sum + bytes, 0) + submission + RUNTIME_BYTES;
  const keep = config.checkpoint_keep_top_k;
  const disk = {
    models: hub + keep * weights,
    // Where what was not sent is carried: that of two updates, and one being written.
    updates: keep * update + (codec.feedback ? 3 * weights : 0),
    // Parameters and both moments; beside those of the cycle the last one of the cycle before, and one being written.
    checkpoints: config.workers * (keep + 2) * 3 * weights,
  };
  return {
    group,
    parameters: { hub: hub / FLOAT_BYTES, group: countParameters(shapes) },
    workers: config.workers,
    memory: { ...memory, submission, runtime: RUNTIME_BYTES, total },
    disk: { ...disk, total: disk.models + disk.updates + disk.checkpoints },
    transfer: { hub, downPerCycle: weights, upPerCycle: update },
    // Training ends a block before the phase does.
    train: {
      seconds: (network.phases.train - 1) * blockSeconds,
      maxSteps: config.max_steps,
      tokensPerStep: tokens * config.gradient_accumulation_steps * config.workers,
    },
  };
};
