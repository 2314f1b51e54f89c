import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { cutGraph, type Subgraph } from "#shared/engine/cut.js";
import type { Device } from "#shared/engine/device.js";
import { BYTES, sizeOf } from "#shared/engine/tensor.js";
import { STATES_SHARE, wholeModelBytes } from "#shared/evaluation/evaluation-memory.js";
import { type LayerPart, lossGraphs, type ModelPart } from "#shared/evaluation/layers/layer-graphs.js";
import { KEPT_BYTES, STEP_BATCHES } from "#shared/evaluation/loss-meter.js";
import { SKETCH_BYTES } from "#shared/independence/count-sketch.js";
import { SKETCHING_BYTES } from "#shared/independence/sketching.js";
import { expertsOf, groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, expertOf, parameterShapes } from "#shared/model/parameters.js";
import { travels } from "#shared/planning/devices.js";
import type { Network } from "#shared/protocol/network.js";
import { planLaps } from "#shared/scoring/racing/laps.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { LEAST_BATCHES } from "#shared/scoring/racing/run-races.js";
import { passesOfTwoLooks } from "#shared/scoring/steps/measure-steps.js";
import { type FloatDType, floatBytes } from "#shared/tensor-files/float-dtype.js";
import { ARENA_SHARE, bytesOf, peakOf, sizesOf } from "#shared/training/plan-peak.js";
import { mergedBytes } from "../merge/merged-bytes.js";
import { NO_WITNESSES, type WitnessPlan } from "../witness/plan-witness.js";
import { runOf, wholeGraph } from "./evaluation-graphs.js";

/** Bytes, unless said otherwise. */
export interface EvaluationPlan {
  readonly parameters: number;
  /** Whether the model is judged as a whole in memory, or layer by layer from its files. */
  readonly mode: "whole" | "layers";
  readonly memory: {
    readonly weights: number;
    readonly activations: number;
    /** Hidden states between layers. */
    readonly states: number;
    /** Updates' tensors that are added to the model's at a time. */
    readonly updates: number;
    /** The thread that sketches updates, what it is given at a time, and all sketches of a cycle. */
    readonly sketches: number;
    /** A training of the validator's own, beside a model that is held: 0 where the network file asks for none. */
    readonly witness: number;
    readonly runtime: number;
    /** Of the process itself, what is on a card included. */
    readonly total: number;
    /** Of that what is on a card; 0 where the processor computes. */
    readonly card: number;
    /** File cache that a pass uses at a time: the largest part of the model that one program maps. */
    readonly mapped: number;
  };
  readonly disk: {
    readonly models: number;
    readonly updates: number;
    readonly states: number;
    /** The model as an evaluator of the operator's own finds it, float32; 0 without one. */
    readonly evaluator: number;
    /** What the validator's own trainings gained, until the next cycle's. */
    readonly witness: number;
    readonly total: number;
  };
  readonly transfer: { readonly model: number; readonly downPerCycle: number };
  readonly evaluation: {
    readonly seconds: number;
    readonly blockSeconds: number;
    /** Tokens that all updates of a cycle and the base go through at most: racing mostly ends earlier. */
    readonly mostTokens: number;
    /** Tokens below which no update is scored. */
    readonly leastTokens: number;
  };
  /** The choice of each group's step. */
  readonly choosing: {
    readonly seconds: number;
    /** Tokens that the base and all steps go through at most: racing mostly ends earlier. */
    readonly mostTokens: number;
    /** Tokens of the first two looks at the steps: with less hardly any is found. */
    readonly leastTokens: number;
  };
  /** The validator's own trainings of a cycle, all together. */
  readonly witness: {
    readonly tokens: number;
    /** From the train phase on until updates are revealed. */
    readonly seconds: number;
  };
}

export interface EvaluationPlanOptions {
  readonly blockSeconds: number;
  /** Updates of a cycle, over all groups. */
  readonly updates: number;
  /** Bytes that evaluation may take. */
  readonly memory: number;
  /** Cycles whose files stay. */
  readonly keep: number;
  /** The precision of the hub's files; where it is not known, what takes most is counted. */
  readonly hubDType?: FloatDType | null;
  /** What computes; a processor by default. */
  readonly device?: Pick<Device, "name" | "hostMemory">;
  /** Whether an operator's own program measures updates. */
  readonly hasEvaluator?: boolean;
  /** What `planWitness` gives; nothing by default. */
  readonly witness?: WitnessPlan;
}

/** Anonymous memory of the program without a model. */
export const PROGRAM_BYTES = 80e6;

/** What judging costs this machine, from shapes alone: nothing is allocated, and nothing of the model is fetched. */
export const planEvaluation = (network: Network, options: EvaluationPlanOptions): EvaluationPlan => {
  const { model, groups, scoring, data, phases, artifact } = network;
  const {
    blockSeconds,
    updates,
    memory,
    keep,
    hubDType = null,
    hasEvaluator = false,
    witness = NO_WITNESSES,
  } = options;
  const parameters = countParameters(parameterShapes(model));
  const ofGroups = Object.values(groups).map((group) => groupShapes(model, group));
  const groupBytes = 4 * Math.max(0, ...ofGroups.map(countParameters));
  const mode = modeOf(network, memory);
  const hostMemory = options.device?.hostMemory ?? true;
  const room =
    mode === "whole" ? planWhole(network, groupBytes, hostMemory) : planLayers(network, { memory, updates, hubDType });
  const { states, onDisk } = room;
  const sketches = sketchesOf(ofGroups, updates);
  const total = PROGRAM_BYTES + room.weights + room.activations + states + room.updates + sketches + witness.memory;
  const perUpdate = Math.max(
    ...ofGroups.map((shapes) => encodedLength(CODECS[artifact.codec], new Map(Object.entries(shapes)))),
  );
  const hub = floatBytes(hubDType ?? "F32") * countParameters(hubShapes(model, groups));
  const merged = mergedBytes(network);
  // Anew in each cycle: of the models that the last cycles read, and of the one that this one makes.
  const disk = {
    models: hub + (keep + 1) * merged,
    updates: keep * updates * perUpdate,
    states: onDisk,
    evaluator: hasEvaluator ? 4 * parameters : 0,
    witness: witness.disk,
  };
  const perBatch = scoring.eval_batch_size * data.sequence_length;
  const measured = updates + Object.keys(groups).length;
  return {
    parameters,
    mode,
    memory: {
      weights: room.weights,
      activations: room.activations,
      states,
      updates: room.updates,
      sketches,
      witness: witness.memory,
      runtime: PROGRAM_BYTES,
      total,
      card: onCard(options.device, room) + (isCard(options.device) ? witness.memory : 0),
      mapped: room.mapped,
    },
    disk: { ...disk, total: Object.values(disk).reduce((sum, bytes) => sum + bytes, 0) },
    transfer: { model: hub + merged, downPerCycle: updates * perUpdate },
    evaluation: {
      seconds: phases.evaluate * blockSeconds,
      blockSeconds,
      mostTokens: measured * scoring.eval_batches * perBatch,
      leastTokens: measured * Math.min(LEAST_BATCHES, scoring.eval_batches) * perBatch,
    },
    choosing: planChoosing(network, blockSeconds),
    witness: { tokens: witness.tokens, seconds: (phases.train + phases.commit) * blockSeconds },
  };
};

/** The other groups' text apart, on which few steps are measured. */
const planChoosing = (
  { groups, data, phases, scoring, training }: Network,
  blockSeconds: number,
): EvaluationPlan["choosing"] => {
  const steps = training.outer.steps.length;
  const perBatch = scoring.eval_batch_size * data.sequence_length;
  const ofGroups = (passes: (batches: number) => number) =>
    Object.values(groups).reduce(
      (sum, { sealed }) => sum + perBatch * passes((sealed ? 1 : STEP_BATCHES) * scoring.eval_batches),
      0,
    );
  return {
    seconds: phases.choose * blockSeconds,
    mostTokens: ofGroups((batches) => (steps + 1) * batches),
    leastTokens: ofGroups((batches) => passesOfTwoLooks(steps, batches)),
  };
};

/** Of each update, and of each group's weights and momentum. A tensor is in memory as it was read and as it was decoded. */
const sketchesOf = (ofGroups: readonly ReturnType<typeof groupShapes>[], updates: number): number => {
  const largest = Math.max(0, ...ofGroups.flatMap((shapes) => Object.values(shapes).map(sizeOf)));
  return SKETCHING_BYTES + 2 * 4 * largest + SKETCH_BYTES * (updates + 2 * ofGroups.length);
};

/** What is on a card and not in the machine's memory: what a run makes, and the meter's own weights where they do not travel to it. */
const onCard = (device: EvaluationPlanOptions["device"], { weights, activations }: Room): number => {
  if (device === undefined) return 0;
  if (travels(device)) return activations;
  return device.hostMemory ? 0 : weights / 2 + activations;
};

const isCard = (device: EvaluationPlanOptions["device"]): boolean =>
  device !== undefined && (travels(device) || !device.hostMemory);

/** Whether a model is judged as a whole: where that fits in the memory for it. */
export const modeOf = (network: Pick<Network, "model">, memory: number): EvaluationPlan["mode"] =>
  wholeModelBytes(network) <= memory ? "whole" : "layers";

/** Bytes. */
export interface Room {
  readonly weights: number;
  readonly activations: number;
  readonly states: number;
  readonly updates: number;
  readonly mapped: number;
  readonly onDisk: number;
}

/** Each program keeps the arena that its intermediate results needed: that of the whole model, and of each group those before and after its experts. */
const planWhole = (network: Network, groupBytes: number, hostMemory: boolean): Room => {
  const { model, groups, scoring } = network;
  const run = runOf(network, scoring.eval_batch_size);
  const whole = wholeGraph(run);
  const sizes = sizesOf(whole.graph, Object.values(whole.outputs), run.tokens);
  const peak = ({ graph, outputs }: Subgraph) => peakOf(graph, Object.values(outputs), run.tokens, sizes);
  // A card keeps no values at the cut: there every model is computed from the beginning.
  const cuts = (hostMemory ? Object.values(groups) : []).map((group) => {
    const { fixed, varying } = cutGraph(whole, new Set(Object.keys(groupShapes(model, group))));
    const crossing = Object.values(fixed.outputs).reduce((sum, value) => sum + bytesOf(value, sizes), 0);
    return { peaks: peak(fixed) + peak(varying) + crossing, crossing };
  });
  const runs = Math.ceil(scoring.eval_batches / run.together);
  return {
    weights: wholeModelBytes(network),
    activations: (1 + ARENA_SHARE) * cuts.reduce((sum, { peaks }) => sum + peaks, peak(whole)),
    // Of one group, and of the one before while it waits to be collected.
    states:
      Math.min(2, cuts.length) * Math.min(KEPT_BYTES, runs * Math.max(0, ...cuts.map(({ crossing }) => crossing))),
    // As it was read, and added to the group's weights.
    updates: 2 * groupBytes,
    mapped: 0,
    onDisk: 0,
  };
};

const planLayers = (
  network: Network,
  { memory, updates, hubDType }: { memory: number; updates: number; hubDType: FloatDType | null },
): Room => {
  const rules = raceRules(network.scoring);
  const laps = planLaps(rules).map(({ batches }) => batches);
  return layersRoom(network, {
    batchSize: network.scoring.eval_batch_size,
    batches: Math.max(...laps.map((end, i) => end - (laps[i - 1] ?? 0))),
    updates,
    memory: Math.floor(STATES_SHARE * memory),
    hubDType,
  });
};

export interface PassSize {
  readonly batchSize: number;
  /** Batches of a pass. */
  readonly batches: number;
  /** Updates of a pass, beside the model itself. */
  readonly updates: number;
  /** Bytes of hidden states in memory. */
  readonly memory: number;
  /** As `EvaluationPlanOptions.hubDType`. */
  readonly hubDType: FloatDType | null;
}

/** What a pass layer by layer takes beside the program. */
export const layersRoom = (
  { model, groups, data }: Pick<Network, "model" | "groups" | "data">,
  { batchSize, batches, updates, memory, hubDType }: PassSize,
): Room => {
  const { together, shape, tokens } = runOf({ model, data }, batchSize);
  const graphs = lossGraphs(shape, together);
  const shapes = parameterShapes(model);
  const sizeNamed = (name: string) => sizeOf(shapes[name]!);
  const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => graphs.layer(layer));
  const kinds = [...new Map(layers.map((part) => [part.kind, part])).values()];
  const owned = new Set(Object.values(groups).flatMap((group) => Object.keys(groupShapes(model, group))));
  const needOf = ({ graph, outputs, weights }: ModelPart) => {
    const names = [...weights.values()];
    // Of tensors of half precision one at a time is cast. What groups own is float32 from the first merge on.
    const halves = hubDType === "F32" ? [] : names.filter((name) => !owned.has(name));
    const bytesOf = (name: string) => (owned.has(name) ? 4 : floatBytes(hubDType ?? "F32")) * sizeNamed(name);
    return {
      activations:
        (1 + ARENA_SHARE) * peakOf(graph, Object.values(outputs), tokens) + 4 * Math.max(0, ...halves.map(sizeNamed)),
      mapped: names.reduce((sum, name) => sum + bytesOf(name), 0),
    };
  };
  const head = needOf(graphs.head);
  const layer = kinds.map(needOf);
  const ofLayer = Math.max(
    0,
    ...Object.values(groups).flatMap((group) =>
      expertsOf(model, group).map((experts) => 12 * experts.length * model.hidden_size * model.moe_intermediate_size),
    ),
  );
  // In the first layer those of all that fit, later one at a time; beside them a tensor as read and as decoded.
  const fed = Math.max(ofLayer, Math.min((updates + 1) * ofLayer, Math.max(ofLayer, memory))) + ofLayer;
  const state = 4 * tokens * model.hidden_size;
  const all = (updates + 2) * Math.ceil(batches / together) * state;
  const states = Math.min(all, memory);
  // A run's hidden state goes in and comes out beside what the program makes, and so does what is computed once for all updates.
  const between =
    2 * state + 2 * Math.max(0, ...Object.values(groups).map((group) => atCut(model, group, kinds, tokens)));
  return {
    weights: 0,
    activations: Math.max(head.activations - fed, ...layer.map(({ activations }) => activations)) + between,
    states,
    updates: fed,
    mapped: Math.max(head.mapped, ...layer.map(({ mapped }) => mapped)),
    onDisk: all - states,
  };
};

/** Bytes at the cut of the first layer that a group's updates change. */
const atCut = (
  model: Network["model"],
  group: Network["groups"][string],
  kinds: readonly LayerPart[],
  tokens: number,
): number => {
  const experts = expertsOf(model, group).find(({ length }) => length > 0) ?? [];
  const part = kinds.find(({ weights }) => [...weights.keys()].some((name) => expertOf(name) !== null));
  if (!part || experts.length === 0) return 0;
  const own = [...part.weights.keys()].filter((name) => experts.includes(expertOf(name)?.expert ?? -1));
  const { outputs } = cutGraph(part, new Set(own)).fixed;
  const rows = (tokens * model.num_experts_per_tok) / model.num_experts;
  return Object.values(outputs).reduce(
    (sum, { dtype, shape }) =>
      sum + shape.reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : rows), BYTES[dtype]),
    0,
  );
};
