import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { PROGRAM_BYTES } from "#miner/plan/plan.js";
import type { Device } from "#shared/engine/device.js";
import { intTensor, zeros } from "#shared/engine/tensor.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { isInFile } from "#shared/model/model-tensors.js";
import { expertOf, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { FrozenSource } from "#shared/training/frozen-source.js";
import { planLayers } from "#shared/training/layers/plan-layers.js";
import { mapValues } from "#shared/training/objective.js";
import { ARENA_SHARE } from "#shared/training/plan-peak.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { type MemoryPeaks, watchPeaks } from "./anonymous-memory.js";
import { drawnWindow, ROWS } from "./drawn-window.js";
import { generateModel } from "./generated-model.js";
import { placedWeights } from "./placed-weights.js";

export interface TrainCase {
  readonly model: ModelConfig;
  /** Experts of the group, in every layer; all that the shard holds. */
  readonly experts: number;
  /** Tokens of a step. */
  readonly sequence: number;
  readonly steps: number;
  /** Where the model is written to, and removed from. */
  readonly folder: string;
}

export interface Trained {
  /** Bytes of the model's tensors, in bfloat16. */
  readonly modelBytes: number;
  /** Parameters that are trained. */
  readonly trained: number;
  readonly peaks: MemoryPeaks;
  /** Anonymous memory by the plan: `planLayers`, the program, and the gaps of its arenas. */
  readonly planned: number;
  /** Seconds from weights in files to a step that can run. */
  readonly opening: number;
  /** Of each step. */
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
}

/** Trains a group's experts of a generated model layer by layer, as a miner does: the hub stays in its files. */
export const trainLarge = async (device: Device, given: TrainCase): Promise<Trained> => {
  const { model, experts, sequence, steps, folder } = given;
  const own = Array.from({ length: experts }, (_, expert) => expert);
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const generated = generateModel(home, model, { dtype: "BF16", own, rows: ROWS });
    const places = Object.fromEntries(
      Object.entries(generated.tensors).flatMap(([name, tensor]) => (isInFile(tensor) ? [[name, tensor]] : [])),
    );
    const shape: ForwardShape = {
      config: model,
      held: Array.from({ length: model.num_hidden_layers }, () => own),
      batchSize: 1,
      sequenceLength: sequence,
    };
    const shapes = parameterShapes(model, shape.held);
    const trainable = Object.keys(shapes).filter((name) => expertOf(name) !== null);
    const experts32 = Object.fromEntries(trainable.map((name) => [name, shapes[name]!]));
    const files = placedWeights(places);
    const plan = planLayers({ shape, trainable, accumulation: 1 });
    const { result, peaks } = await watchPeaks(async () => {
      const begun = performance.now();
      const step = await createTrainStep({
        device,
        loss: languageModelLoss(shape),
        inputs: batchInputs(shape),
        params: mapValues(experts32, zeros),
        trainable,
        layered: { shape, frozen: ofShard(shapes, files) },
      });
      await step.begin({ shapes: experts32, read: files.read });
      const opening = (performance.now() - begun) / 1000;
      const losses: number[] = [];
      const seconds: number[] = [];
      for (let i = 0; i < steps; i++) {
        const from = performance.now();
        losses.push((await step.step([windowOf(i, sequence, model)], 1e-5)).loss);
        seconds.push((performance.now() - from) / 1000);
      }
      await step.dispose();
      return { opening, losses, seconds };
    });
    return {
      modelBytes: generated.bytes,
      trained: plan.trained / 4,
      peaks,
      planned:
        Object.values(plan).reduce((sum, bytes) => sum + bytes, 0) + PROGRAM_BYTES + ARENA_SHARE * plan.activations,
      ...result,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

/** The model's tensors in the shapes of a shard that holds the first experts: their rows come first in each router. */
const ofShard = (shapes: Readonly<Record<string, readonly number[]>>, files: FrozenSource): FrozenSource => ({
  ...files,
  shapes,
  read: (name) =>
    shapes[name]![0] === files.shapes[name]![0] ? files.read(name) : files.rows(name, 0, shapes[name]![0]!),
});

const windowOf = (window: number, sequence: number, model: ModelConfig) => {
  const { ids, targets } = drawnWindow(window, sequence, model);
  return { ids: intTensor(ids), targets: intTensor(targets) };
};
