import type { DeviceTensor, Tensors } from "#shared/engine/device.js";
import type { AdamWOptions } from "#shared/engine/optim/adamw.js";
import type { FloatSource } from "./float-source.js";
import { mapValues, type NamedFloats, type Shapes } from "./objective.js";
import type { TrainStepOptions } from "./train-options.js";

/** Loss and metrics of one micro-batch. */
export interface BatchScalars {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A step that is computed as far as needed to decide whether to apply it. */
export interface ComputedStep {
  /** Results of the computed micro-batches. After a loss that is not finite, no further micro-batch is computed. */
  readonly results: readonly BatchScalars[];
  /** Global L2 norm of the mean gradient, before clipping. NaN if a micro-batch was not finite. */
  readonly gradNorm: number;
}

/** Names of a checkpoint's parts. */
export const STATE_PARTS = ["params", "m", "v"] as const;

export type StatePart = (typeof STATE_PARTS)[number];

/** Computes steps: one set of programs, and the tensors that they update. */
export interface StepBackend {
  /**
   * Computes a step that changes nothing yet.
   * @param step counted from 1
   * @param signal once it aborts, what computes a step in parts ends it before the next of them, and throws its reason
   */
  compute(batches: readonly Tensors[], step: number, learningRate: number, signal: AbortSignal): Promise<ComputedStep>;
  /** The loss of a batch alone. Absent where one program gives the gradients with it. @param signal as in `compute` */
  loss?(batch: Tensors, signal: AbortSignal): Promise<number>;
  /** Updates the state to the result of the step computed last. This is never interrupted. */
  apply(): void;
  /** The state's tensor of a trained parameter, after the last step applied. */
  tensor(part: StatePart, name: string): DeviceTensor;
  /** Of the parameters that are not trained. */
  readonly frozenShapes: Shapes;
  /** Replaces some of them. A backend that reads them when it needs them keeps the source instead, which must then last as long. */
  freeze(from: FloatSource): Promise<void>;
  dispose(): Promise<void>;
}

/** What both backends are made from. */
export interface StepBackendOptions extends TrainStepOptions {
  readonly optimiser: AdamWOptions;
}

/** Weight decay applies to matrices only. */
export const decays = (shape: readonly unknown[]): boolean => shape.length >= 2;

export type Buffers = Readonly<Record<string, DeviceTensor>>;

export const trainedShapes = ({ params, trainable }: Pick<TrainStepOptions, "params" | "trainable">): Shapes =>
  Object.fromEntries(trainable.map((name) => [name, params[name]!.shape]));

/** The parameters that are not trained, on the device. */
export const uploadFrozen = async ({ device, params, trainable }: TrainStepOptions): Promise<Buffers> => {
  const trained = new Set(trainable);
  return upload(
    device,
    Object.entries(params).filter(([name]) => !trained.has(name)),
  );
};

export const upload = async (
  device: TrainStepOptions["device"],
  tensors: Iterable<readonly [string, NamedFloats[string]]>,
): Promise<Buffers> => {
  const made: Record<string, DeviceTensor> = {};
  for (const [name, tensor] of tensors) made[name] = await device.upload(tensor);
  return made;
};

/** What a backend says of frozen parameters that it holds in tensors. */
export const heldFrozen = (frozen: Buffers): Pick<StepBackend, "frozenShapes" | "freeze"> => ({
  frozenShapes: mapValues(frozen, ({ shape }) => shape),
  async freeze(from) {
    for (const name of Object.keys(from.shapes)) await frozen[name]!.write(await from.read(name));
  },
});

export const disposeAll = (...sets: readonly Buffers[]): void => {
  for (const set of sets) mapValues(set, (tensor) => tensor.dispose());
};
