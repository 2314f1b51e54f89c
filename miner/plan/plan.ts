import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupNamed, groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters } from "#shared/model/parameters.js";
import { frozenShapes } from "#shared/model/shard.js";
import { keptCycles } from "#shared/participant/files/kept-cycles.js";
import { isInHostMemory } from "#shared/planning/devices.js";
import type { Network } from "#shared/protocol/network.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { type FloatDType, floatBytes } from "#shared/tensor-files/float-dtype.js";
import { chooseProgram, type StepProgram } from "#shared/training/choose-program.js";
import type { StepMemory } from "#shared/training/plan.js";
import { ARENA_SHARE } from "#shared/training/plan-peak.js";
import type { TrainingConfig } from "../config.js";

/** Bytes, unless said otherwise. */
export interface TrainingPlan {
  readonly group: string;
  readonly parameters: { readonly hub: number; readonly group: number };
  readonly workers: number;
  /** What it is for: an opened device's name, else the setting. `auto` is planned as the CPU. */
  readonly device: string;
  /** The whole graph, or layer by layer: what is set, or what `auto` takes on this machine. */
  readonly program: StepProgram;
  /** What the other way would take in all, by the same count; null where it is not possible, or far too large to look at. */
  readonly otherwise: number | null;
  /** Bytes of frozen weights that are read from disk in each step, and are in memory only as the system's file cache. */
  readonly mapped: number;
  /** What one worker allocates in the machine's memory: of the total what is not on a card, and no file of the program itself. */
  readonly anonymous: number;
  /** What one worker holds on a card; 0 where the processor computes. */
  readonly card: number;
  /** Of one worker, in the machine's memory and on the card together. */
  readonly memory: StepMemory & {
    /** The program itself, and what its allocators hold beside the tensors. */
    readonly runtime: number;
    readonly total: number;
  };
  readonly disk: {
    readonly models: number;
    readonly updates: number;
    readonly checkpoints: number;
    /** Between the processes of several workers; 0 where one trains in the miner's own. */
    readonly workers: number;
    readonly total: number;
  };
  readonly transfer: {
    /** Once: the hub changes only with the network file. */
    readonly hub: number;
    readonly downPerCycle: number;
    /** To each validator that scores it. */
    readonly upPerCycle: number;
  };
  readonly train: {
    readonly seconds: number;
    readonly blockSeconds: number;
    readonly maxSteps: number;
    readonly tokensPerStep: number;
  };
}

/** Peak resident memory of the program when it trains a shard of no size. */
export const PROGRAM_BYTES = 158e6;
/** What of that is mapped from its own files. */
const PROGRAM_FILES = 78e6;
/** Weights that were read to begin with wait to be collected; from about so many bytes on V8 does so. */
const UNCOLLECTED_BYTES = 64e6;

const FLOAT_BYTES = 4;

export interface PlanContext {
  readonly blockSeconds: number;
  /** The device, where it is open; else the plan is for the one that the settings name. */
  readonly opened?: Pick<Device, "name" | "hostMemory"> | undefined;
  /** The precision of the hub's files; float32, the largest, where it is not known. */
  readonly hubDType?: FloatDType | null;
}

/** What training a group costs this machine, from shapes alone: nothing is allocated. */
export const planTraining = async (
  config: TrainingConfig,
  network: Network,
  { blockSeconds, opened, hubDType }: PlanContext,
): Promise<TrainingPlan> => {
  const group = config.expert_group;
  const { shapes, hub, hubFiles, others, weights, parameters, transfer, ...files } = filesOf(config, network, hubDType);
  const tokens = config.batch_size * network.data.sequence_length;
  const hostMemory = opened?.hostMemory ?? isInHostMemory(config.device);
  const { program: chosen, ...ways } = await chooseProgram({
    shape: shardShape(network, group, config),
    trainable: Object.keys(shapes),
    accumulation: config.gradient_accumulation_steps,
    hostMemory,
    workers: config.workers,
  });
  const program = config.training.program === "auto" ? chosen : config.training.program;

  // Other groups' experts that a shard computes with are in memory once. The hub's file stays there whole, also those rows and experts of it that
  // this group does not compute with. A device with memory of its own holds what it computes with once more.
  const held = (step: StepMemory, by: StepProgram): StepMemory =>
    by === "layers" ? step : { ...step, frozen: hostMemory ? hub + others : hub + step.frozen };
  const step = ways[program];
  if (step === null) throw unplanned(program);
  const memory = held(step, program);
  const other = program === "whole" ? "layers" : "whole";
  const runtimeOf = ({ activations }: StepMemory) =>
    PROGRAM_BYTES + ARENA_SHARE * activations + Math.min(weights, UNCOLLECTED_BYTES);
  // The update is encoded into a file tensor by tensor.
  const totalOf = (way: StepMemory) => Object.values(way).reduce((sum, bytes) => sum + bytes, 0) + runtimeOf(way);
  const otherStep = ways[other];
  const total = totalOf(memory);
  const card = onCard(opened?.name ?? config.device, step, hostMemory);
  const keep = config.checkpoint_keep_top_k;
  const disk = {
    ...files,
    // Parameters and both moments; beside those of the cycle the last one of the cycle before, and one being written.
    checkpoints: config.workers * (keep + 2) * 3 * weights,
    // The hub and other groups' weights, those to begin from and to measure, each worker's gain; one file is written while the one before is there.
    workers: config.workers === 1 ? 0 : hub + others + (2 + config.workers) * weights + Math.max(weights, others),
  };
  return {
    group,
    parameters,
    workers: config.workers,
    device: opened?.name ?? config.device,
    program,
    otherwise: otherStep && totalOf(held(otherStep, other)),
    mapped: program === "layers" ? hubFiles + others : 0,
    anonymous: total - card.instead - PROGRAM_FILES,
    card: card.held,
    memory: { ...memory, runtime: runtimeOf(memory), total },
    disk: { ...disk, total: disk.models + disk.updates + disk.checkpoints + disk.workers },
    transfer,
    // Training ends a block before the phase does.
    train: {
      seconds: (network.phases.train - 1) * blockSeconds,
      blockSeconds,
      maxSteps: config.max_steps,
      tokensPerStep: tokens * config.gradient_accumulation_steps * config.workers,
    },
  };
};

/** A miner's weights, and the files of models and updates, whatever trains. Bytes. */
export const filesOf = (config: TrainingConfig, network: Network, hubDType: FloatDType | null = null) => {
  const shapes = groupShapes(network.model, groupNamed(network, config.expert_group));
  const hub = FLOAT_BYTES * countParameters(hubShapes(network.model, network.groups));
  const hubFiles = (floatBytes(hubDType ?? "F32") / FLOAT_BYTES) * hub;
  const others = FLOAT_BYTES * countParameters(frozenShapes(network, config.expert_group));
  const weights = FLOAT_BYTES * countParameters(shapes);
  const codec = CODECS[network.artifact.codec];
  const update = encodedLength(codec, new Map(Object.entries(shapes)));
  const keep = keptCycles(config);
  return {
    shapes,
    ...{ hub, hubFiles, others, weights },
    parameters: { hub: hub / FLOAT_BYTES, group: weights / FLOAT_BYTES },
    models: hubFiles + keep * (weights + others),
    // One more while it is checked, before it is stored. Where what was not sent is carried: that of two updates, and one being written.
    updates: (keep + 1) * update + (codec.feedback ? 3 * weights : 0),
    transfer: { hub: hubFiles, downPerCycle: weights + others, upPerCycle: update },
  };
};

/**
 * What is held on a card, and what of that is not in the machine's memory: on WebGPU all that a step holds; on CUDA intermediate results, beside
 * copies of the weights and gradients, which travel.
 */
const onCard = (
  device: string,
  { frozen, trained, moments, gradients, gradientSums, spare, activations }: StepMemory,
  hostMemory: boolean,
): { readonly held: number; readonly instead: number } => {
  if (!/webgpu|cuda/.test(device)) return { held: 0, instead: 0 };
  const results = (1 + ARENA_SHARE) * activations;
  if (hostMemory) return { held: results + frozen + trained + gradients, instead: results };
  const all = results + frozen + trained + moments + gradientSums + spare;
  return { held: all, instead: all };
};

const unplanned = (program: StepProgram): BlockZeroError =>
  new BlockZeroError(
    "TRAIN_OPTIONS",
    program === "whole"
      ? "the whole graph is too large to be planned"
      : "only devices that compute in host memory train layer by layer",
    program === "whole" ? "set training.program to layers" : "set device to cpu or cuda, or training.program to whole",
  );
