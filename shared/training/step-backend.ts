import type { DeviceTensor, Tensors } from "#shared/engine/device.js";
import type { AdamWOptions } from "#shared/engine/optim/adamw.js";
import { mapValues, type NamedFloats } from "./objective.js";
import type { TrainStepOptions } from "./train-options.js";

/** Loss and metrics of one micro-batch. */
export interface BatchScalars {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A step that has been computed as far as one must know it to decide whether it is taken. */
export interface Proposal {
  /** Of the micro-batches that were computed; none follows one whose loss is not finite. */
  readonly results: readonly BatchScalars[];
  /** Global L2 norm of the mean gradient, before clipping; NaN where a micro-batch was not finite. */
  readonly gradNorm: number;
}

/** What a checkpoint's parts are called. */
export const STATE_PARTS = ["params", "m", "v"] as const;

export type StatePart = (typeof STATE_PARTS)[number];

/** Where and how a step is computed: one set of programs, and the tensors that it moves. */
export interface StepBackend {
  /**
   * Computes a step that changes nothing yet.
   * @param step counted from 1
   */
  propose(batches: readonly Tensors[], step: number, learningRate: number): Promise<Proposal>;
  /** Makes the state what the last proposal leads to. Where that takes a while it is not interrupted. */
  take(): void;
  /** The state's tensor of a trained parameter, as the last step taken left it. */
  tensor(part: StatePart, name: string): DeviceTensor;
  /** A parameter that is not trained; undefined where there is none of that name. */
  frozen(name: string): DeviceTensor | undefined;
  dispose(): Promise<void>;
}

/** What both ways of stepping are made from. */
export interface StepBackendOptions extends TrainStepOptions {
  readonly optimiser: AdamWOptions;
}

/** Weight decay applies to matrices only. */
export const decays = (shape: readonly unknown[]): boolean => shape.length >= 2;

export type Buffers = Readonly<Record<string, DeviceTensor>>;

/** Names and shapes of the trained parameters, to which their moments are alike. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

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

export const disposeAll = (...sets: readonly Buffers[]): void => {
  for (const set of sets) mapValues(set, (tensor) => tensor.dispose());
};
