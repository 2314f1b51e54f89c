import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import type { Device } from "#shared/engine/device.js";
import type { DeviceChoice } from "#shared/engine/runtime/device-choice.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { frozenShapes, shardExperts } from "#shared/model/shard.js";
import type { Network } from "#shared/protocol/network.js";
import { planStep, type StepMemory } from "#shared/training/plan.js";
import type { TrainingConfig } from "../config.js";
import { shardStep } from "../training/shard-trainer.js";

/** Bytes, unless said otherwise. */
export interface TrainingPlan {
  readonly group: string;
  readonly parameters: { readonly hub: number; readonly group: number };
  readonly workers: number;
  /** What it is for: an opened device's name, else the setting. `auto` is planned as the CPU. */
  readonly device: string;
  /** Of one worker, in the machine's memory and on the card together. */
  readonly memory: StepMemory & {
    /** At the cycle's end: the update, and its file. */
    readonly submission: number;
    /** The program itself, and what its allocators hold beside the tensors. */
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

/** Devices whose training step keeps its state in memory of their own. */
const KEEP_STATE: ReadonlySet<DeviceChoice> = new Set(["webgpu", "tfjs"]);

/** Peak resident memory of the program when it trains a shard of no size. */
const PROGRAM_BYTES = 158e6;
/** What the arena for intermediate results leaves unused between them, as a share of these. */
const ARENA_SHARE = 0.3;
/** Weights that were read to begin with wait to be collected; from about so many bytes on V8 does so. */
const UNCOLLECTED_BYTES = 64e6;

const FLOAT_BYTES = 4;

export interface PlanContext {
  readonly blockSeconds: number;
  /** The device, where it is open; else the plan is for the one that the settings name. */
  readonly opened?: Pick<Device, "name" | "hostMemory"> | undefined;
}

/** What training a group costs this machine, from shapes alone: nothing is allocated. */
export const planTraining = async (
  config: TrainingConfig,
  network: Network,
  { blockSeconds, opened }: PlanContext,
): Promise<TrainingPlan> => {
  const group = config.expert_group;
  const shapes = groupShapes(network.model, groupNamed(network, group));
  const shard = parameterShapes(network.model, shardExperts(network, group));
  const tokens = config.batch_size * network.data.sequence_length;
  const hub = FLOAT_BYTES * countParameters(hubShapes(network.model, network.groups));
  const others = FLOAT_BYTES * countParameters(frozenShapes(network, group));
  const hostMemory = opened?.hostMemory ?? !KEEP_STATE.has(config.device);
  const step = await planStep({
    ...shardStep(network, group, config),
    hostMemory,
    params: shard,
    trainable: Object.keys(shapes),
    mostRows: tokens,
  });

  // Other groups' experts that a shard computes with are in memory once. The hub's file stays there whole, also those rows and experts of it that this group does not compute with.
  // A device with memory of its own holds what it computes with once more.
  const memory = { ...step, frozen: hostMemory ? hub + others : hub + step.frozen };
  const weights = memory.trained;
  const codec = CODECS[network.artifact.codec];
  const update = encodedLength(codec, new Map(Object.entries(shapes)));
  const submission = weights + update;
  const runtime = PROGRAM_BYTES + ARENA_SHARE * step.activations + Math.min(weights, UNCOLLECTED_BYTES);
  const total = Object.values(memory).reduce((sum, bytes) => sum + bytes, 0) + submission + runtime;
  const keep = config.checkpoint_keep_top_k;
  const disk = {
    models: hub + keep * (weights + others),
    // Where what was not sent is carried: that of two updates, and one being written.
    updates: keep * update + (codec.feedback ? 3 * weights : 0),
    // Parameters and both moments; beside those of the cycle the last one of the cycle before, and one being written.
    checkpoints: config.workers * (keep + 2) * 3 * weights,
  };
  return {
    group,
    parameters: { hub: hub / FLOAT_BYTES, group: countParameters(shapes) },
    workers: config.workers,
    device: opened?.name ?? config.device,
    memory: { ...memory, submission, runtime, total },
    disk: { ...disk, total: disk.models + disk.updates + disk.checkpoints },
    transfer: { hub, downPerCycle: weights + others, upPerCycle: update },
    // Training ends a block before the phase does.
    train: {
      seconds: (network.phases.train - 1) * blockSeconds,
      maxSteps: config.max_steps,
      tokensPerStep: tokens * config.gradient_accumulation_steps * config.workers,
    },
  };
};
