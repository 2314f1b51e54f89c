import type { Tensors } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS } from "#shared/engine/optim/adamw.js";
import { type FloatTensor, zeros } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { NEVER } from "#shared/util/never.js";
import { deviceStep } from "./device-step.js";
import { type FloatSource, inMemory } from "./float-source.js";
import { hostStep } from "./host-step.js";
import { layersStep } from "./layers/layers-step.js";
import { mapValues, type NamedFloats, type Shapes } from "./objective.js";
import {
  type ComputedStep,
  STATE_PARTS,
  type StatePart,
  type StepBackend,
  type StepBackendOptions,
  trainedShapes,
} from "./step-backend.js";
import type { StepResult, TrainStepOptions } from "./train-options.js";

/** The content of a checkpoint: trained parameters, AdamW's moments as `Moments` defines them, and the number of steps taken. */
export interface TrainState {
  readonly params: NamedFloats;
  readonly m: NamedFloats;
  readonly v: NamedFloats;
  readonly step: number;
}

/** A state, or parts of one, whose tensors are read when they are needed. */
export interface StateSources extends Partial<Readonly<Record<StatePart, FloatSource>>> {
  readonly step?: number;
}

/** One tensor of a state, and the part of the state that it belongs to. */
export interface StateTensor {
  readonly part: StatePart;
  readonly name: string;
  readonly tensor: FloatTensor;
}

export interface TrainStep {
  /**
   * One optimiser step on 1 to `accumulation` micro-batches of equal weight. Throws TRAIN_BUSY while another step is in progress.
   * @param refuse called, before anything changes, with the loss of a finite step; true leaves everything as it was
   * @param signal ends a step that has not been computed, which then throws its reason and has changed nothing: at once before it begins, layer by
   *        layer before the next layer, elsewhere before the next micro-batch
   */
  step(
    batches: readonly Tensors[],
    learningRate: number,
    refuse?: (loss: number) => boolean,
    signal?: AbortSignal,
  ): Promise<StepResult>;
  /** The loss of a batch; changes nothing. Throws TRAIN_BUSY while a step is in progress. @param signal as in `step` */
  loss(batch: Tensors, signal?: AbortSignal): Promise<number>;
  /** Number of steps that were not finite. */
  readonly skippedSteps: number;
  /** Number of steps that changed the parameters since the optimiser was created. */
  readonly takenSteps: number;
  /** A copy of the trained parameters after the last finished step. Also allowed while the next step runs. */
  params(): Promise<Record<string, FloatTensor>>;
  /** The trained parameters, each copied when it is read. Reading throws TRAIN_BUSY: no step may run meanwhile. */
  readonly trained: FloatSource;
  /** The same as `params`, with the optimiser's state. */
  state(): Promise<TrainState>;
  /** The tensors of `state`, one at a time, so in little memory. Throws TRAIN_BUSY: no step may run meanwhile. */
  tensors(): AsyncGenerator<StateTensor>;
  /**
   * Continues from a state, which is copied. Parts that are left out stay as they are. Throws TRAIN_STATE when a tensor is missing, unknown
   * or misshapen, TRAIN_BUSY while a step is in progress.
   */
  restore(state: Partial<TrainState>): Promise<void>;
  /**
   * The same of a state that need not be in memory, a tensor at a time. Where one cannot be read, the optimiser begins anew: moments that do not
   * belong together would make a wild step. The parameters are then partly those of the state.
   */
  resume(state: StateSources): Promise<void>;
  /** The same as `restore`, for the parameters only, one at a time. */
  begin(from: FloatSource): Promise<void>;
  /**
   * Replaces parameters that are not trained, one at a time. Throws TRAIN_STATE for other parameters, and TRAIN_BUSY. A step by layers reads them
   * from there whenever it needs them, until others replace them.
   */
  freeze(from: FloatSource): Promise<void>;
  /** Waits for the step in progress, then frees the programs. */
  dispose(): Promise<void>;
}

/**
 * A training step on a device. If the device computes in host memory, its program computes gradients, and AdamW follows outside the
 * program, in place. On other devices the program does everything and the state stays on the device.
 */
export const createTrainStep = async (options: TrainStepOptions): Promise<TrainStep> => {
  const { trainable, accumulation = 1, onSkip } = options;
  checkOptions(options);
  const shapes = trainedShapes(options);
  const stepping = await openBackend({ ...options, optimiser: { ...ADAMW_DEFAULTS, ...options.adamw } });

  let taken = 0;
  let skippedSteps = 0;
  let running: Promise<unknown> | undefined;
  let reading: Promise<unknown> = Promise.resolve();

  const run = async (
    batches: readonly Tensors[],
    learningRate: number,
    refuse: (loss: number) => boolean,
    signal: AbortSignal,
  ): Promise<StepResult> => {
    const result = resultOf(await stepping.compute(batches, taken + 1, learningRate, signal), refuse);
    if (result.skipped) return result;
    stepping.apply();
    taken++;
    return result;
  };

  /** Allows one operation at a time, and no write during a read. */
  const exclusively = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running) throw busy();
    const done = reading.then(work);
    running = done;
    try {
      return await done;
    } finally {
      running = undefined;
    }
  };

  const read = async (part: StatePart): Promise<Record<string, FloatTensor>> => {
    const reads = trainable.map(async (name) => [name, await stepping.tensor(part, name).read()] as const);
    const all = Promise.all(reads);
    reading = Promise.allSettled([reading, all]);
    return Object.fromEntries(await all);
  };

  const resume = async ({ step, ...parts }: StateSources): Promise<void> => {
    if (running) throw busy();
    for (const { shapes: given } of Object.values(parts)) checkState(given, shapes);
    await exclusively(async () => {
      try {
        for (const part of STATE_PARTS)
          for (const name of parts[part] ? trainable : [])
            await stepping.tensor(part, name).write(await parts[part]!.read(name));
        taken = step ?? taken;
      } catch (thrown) {
        for (const part of ["m", "v"] as const)
          for (const name of trainable) await stepping.tensor(part, name).write(zeros(shapes[name]!));
        taken = 0;
        throw thrown;
      }
    });
  };

  return {
    async step(batches, learningRate, refuse = () => false, signal = NEVER) {
      if (running) throw busy();
      signal.throwIfAborted();
      if (batches.length < 1 || batches.length > accumulation) {
        throw new BlockZeroError("TRAIN_BATCH", `${batches.length} micro-batches`, `give 1 to ${accumulation} a step`);
      }
      if (!Number.isFinite(learningRate) || learningRate < 0) {
        throw new BlockZeroError("TRAIN_RATE", `learning rate ${learningRate}`, "use a finite rate of at least 0");
      }
      const result = await exclusively(() => run(batches, learningRate, refuse, signal));
      if (result.skipped && !result.refused) {
        skippedSteps++;
        onSkip?.(result);
      }
      return result;
    },
    async loss(batch, signal = NEVER) {
      if (running) throw busy();
      signal.throwIfAborted();
      return exclusively(async () => {
        if (stepping.loss) return stepping.loss(batch, signal);
        return (await stepping.compute([batch], taken + 1, 0, signal)).results[0]!.loss;
      });
    },
    get skippedSteps() {
      return skippedSteps;
    },
    get takenSteps() {
      return taken;
    },
    params: () => read("params"),
    trained: {
      shapes,
      async read(name) {
        if (running) throw busy();
        return stepping.tensor("params", name).read();
      },
    },
    async state() {
      const step = taken;
      const [params, m, v] = await Promise.all([read("params"), read("m"), read("v")]);
      return { params, m, v, step };
    },
    async *tensors() {
      for (const part of STATE_PARTS)
        for (const name of trainable) {
          if (running) throw busy();
          yield { part, name, tensor: await stepping.tensor(part, name).read() };
        }
    },
    restore: ({ step, ...parts }) => resume({ ...(step !== undefined && { step }), ...mapValues(parts, inMemory) }),
    resume,
    async begin(from) {
      if (running) throw busy();
      checkState(from.shapes, shapes);
      await exclusively(async () => {
        for (const name of trainable) await stepping.tensor("params", name).write(await from.read(name));
      });
    },
    async freeze(from) {
      if (running) throw busy();
      const names = Object.keys(from.shapes).filter((name) => Object.hasOwn(stepping.frozenShapes, name));
      checkState(from.shapes, Object.fromEntries(names.map((name) => [name, stepping.frozenShapes[name]!])));
      await exclusively(() => stepping.freeze(from));
    },
    async dispose() {
      await running?.catch(() => undefined);
      await reading;
      await stepping.dispose();
    },
  };
};

const openBackend = (options: StepBackendOptions): Promise<StepBackend> => {
  const { device, layered } = options;
  if (layered) return layersStep(options, layered);
  return (device.hostMemory ? hostStep : deviceStep)(options);
};

/** Means over the micro-batches of a computed step, and whether it may be applied. */
const resultOf = ({ results, gradNorm }: ComputedStep, refuse: (loss: number) => boolean): StepResult => {
  const mean = (read: (result: (typeof results)[number]) => number) =>
    results.reduce((total, result) => total + read(result), 0) / results.length;
  const loss = mean((result) => result.loss);
  const metrics = mapValues(results[0]!.metrics, (_, name) => mean((result) => result.metrics[name]!));
  const finite = Number.isFinite(loss) && Number.isFinite(gradNorm);
  const refused = finite && refuse(loss);
  return { loss, gradNorm, skipped: refused || !finite, refused, metrics };
};

const checkOptions = ({ device, params, trainable, layered, accumulation = 1, clip = 1 }: TrainStepOptions): void => {
  const unknown = trainable.find((name) => !Object.hasOwn(params, name));
  const fail = (problem: string, hint: string) => new BlockZeroError("TRAIN_OPTIONS", problem, hint);
  if (unknown !== undefined) throw fail(`trainable "${unknown}" is no parameter`, "name parameters of the model");
  if (trainable.length === 0) throw fail("nothing is trainable", "name at least one parameter");
  if (layered && !device.hostMemory)
    throw fail(`${device.name} does not train layer by layer`, "use the device cpu or cuda, or train the whole graph");
  if (!Number.isInteger(accumulation) || accumulation < 1) throw fail(`accumulation ${accumulation}`, "use 1 or more");
  if (clip !== null && !(clip > 0)) throw fail(`clip ${clip}`, "use a positive norm, or null for no clipping");
};

const checkState = (given: Shapes, shapes: Shapes): void => {
  const names = new Set([...Object.keys(given), ...Object.keys(shapes)]);
  for (const name of names) {
    const got = given[name]?.join("×");
    const wanted = shapes[name]?.join("×");
    if (got === wanted) continue;
    throw new BlockZeroError(
      "TRAIN_STATE",
      `"${name}" is ${got ?? "missing"}, the trained parameter is ${wanted ?? "not there"}`,
      "restore a state of the same model and the same trained parameters",
    );
  }
};

const busy = () => new BlockZeroError("TRAIN_BUSY", "a step is under way", "await it first");
