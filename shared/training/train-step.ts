import type { Device, Tensors } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS, type AdamWOptions, adamw } from "#shared/engine/optim/adamw.js";
import { type FloatTensor, floatTensor, zeros } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors.js";
import { mapValues, type NamedFloats, type ObjectiveOptions, readScalars } from "./objective.js";
import { compileTraining, M, NORM, SUM, V } from "./train-programs.js";

export interface TrainStepOptions extends ObjectiveOptions {
  readonly device: Device;
  /** Names of the parameters that AdamW moves; the others are frozen and cost no gradient. */
  readonly trainable: readonly string[];
  /** Weight decay applies to matrices only, not to norms and biases. */
  readonly adamw?: Partial<AdamWOptions>;
  /** Largest global norm of the gradient, null for any; 1 by default. */
  readonly clip?: number | null;
  /** Micro-batches a step; 1 by default. */
  readonly accumulation?: number;
  /** Told of every step that was not taken because its loss or gradient was not finite. */
  readonly onSkip?: (result: StepResult) => void;
}

export interface StepResult {
  /** Mean over the micro-batches, before the step. */
  readonly loss: number;
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  /** The loss or the norm was not finite, and nothing changed. */
  readonly skipped: boolean;
  /** Means over the micro-batches. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a checkpoint keeps: trained parameters, AdamW's moments as `Moments` defines them, and steps taken. */
export interface TrainState {
  readonly params: NamedFloats;
  readonly m: NamedFloats;
  readonly v: NamedFloats;
  readonly step: number;
}

export interface TrainStep {
  /** One optimiser step on `accumulation` micro-batches. Throws TRAIN_BUSY while another is under way. */
  step(batches: readonly Tensors[], learningRate: number): Promise<StepResult>;
  readonly skippedSteps: number;
  /** A copy of the trained parameters as the last finished step left them, also while the next one runs. */
  params(): Record<string, FloatTensor>;
  /** As `params`, with the optimiser's state. */
  state(): TrainState;
  /** Continues from a state, which is copied. Throws TRAIN_STATE when a tensor is missing, unknown or misshapen. */
  restore(state: TrainState): void;
  /** Waits for the step under way, then frees the programs. */
  dispose(): Promise<void>;
}

/**
 * Compiles forward pass, backward pass, clipping and AdamW into one program. Parameters and moments live in two sets of
 * buffers: a step reads one, writes the other, and the sets change places only if loss and gradient are finite.
 */
export const createTrainStep = async (options: TrainStepOptions): Promise<TrainStep> => {
  const { params, trainable, accumulation = 1, onSkip } = options;
  checkOptions(options);
  const optimiser = adamw({ ...ADAMW_DEFAULTS, ...options.adamw });
  const shapes = Object.fromEntries(trainable.map((name) => [name, params[name]!.shape]));
  const frozen = Object.fromEntries(Object.entries(params).filter(([name]) => !Object.hasOwn(shapes, name)));

  const { accumulator, stepper } = await compileTraining(options, optimiser);

  const buffers = (): Record<string, FloatTensor> => {
    const made: Record<string, FloatTensor> = {};
    for (const [name, shape] of Object.entries(shapes)) {
      const { m, v } = optimiser.init(shape);
      Object.assign(made, { [name]: zeros(shape), [M + name]: m, [V + name]: v });
    }
    return made;
  };
  let live = buffers();
  let spare = buffers();
  const sums = (): Record<string, FloatTensor> =>
    accumulator ? Object.fromEntries(trainable.map((name) => [SUM + name, zeros(shapes[name]!)])) : {};
  let sum = sums();
  let spareSum = sums();
  for (const name of trainable) live[name]!.data.set(params[name]!.data);

  let taken = 0;
  let skippedSteps = 0;
  let running: Promise<StepResult> | undefined;

  const run = async (batches: readonly Tensors[], learningRate: number): Promise<StepResult> => {
    const results: ReturnType<typeof readScalars>[] = [];
    const report = (gradNorm: number): StepResult => {
      const mean = (read: (result: (typeof results)[number]) => number) =>
        results.reduce((total, result) => total + read(result), 0) / results.length;
      const loss = mean((result) => result.loss);
      const metrics = mapValues(results[0]!.metrics, (_, name) => mean((result) => result.metrics[name]!));
      return { loss, gradNorm, skipped: !(Number.isFinite(loss) && Number.isFinite(gradNorm)), metrics };
    };

    if (accumulator) {
      for (const tensor of Object.values(sum)) tensor.data.fill(0);
      for (const batch of batches.slice(0, -1)) {
        results.push(readScalars(await accumulator.run({ ...frozen, ...live, ...sum, ...batch }, spareSum)));
        [sum, spareSum] = [spareSum, sum];
        if (!Number.isFinite(results.at(-1)!.loss)) return report(Number.NaN);
      }
    }
    const scalars = optimiser.scalars(taken + 1, learningRate);
    const outputs = await stepper.run({ ...frozen, ...live, ...sum, ...scalars, ...batches.at(-1) }, spare);
    results.push(readScalars(outputs));
    const result = report(Number(outputs[NORM]?.data[0]));
    if (result.skipped) return result;
    [live, spare] = [spare, live];
    taken++;
    return result;
  };

  const part = (prefix: string) =>
    mapValues(shapes, (shape, name) => floatTensor(live[prefix + name]!.data.slice(), shape));

  return {
    async step(batches, learningRate) {
      if (running) throw busy();
      if (batches.length !== accumulation) {
        throw new BlockZeroError("TRAIN_BATCH", `${batches.length} micro-batches`, `give ${accumulation} a step`);
      }
      if (!Number.isFinite(learningRate) || learningRate < 0) {
        throw new BlockZeroError("TRAIN_RATE", `learning rate ${learningRate}`, "use a finite rate of at least 0");
      }
      running = run(batches, learningRate);
      try {
        const result = await running;
        if (result.skipped) {
          skippedSteps++;
          onSkip?.(result);
        }
        return result;
      } finally {
        running = undefined;
      }
    },
    get skippedSteps() {
      return skippedSteps;
    },
    params: () => part(""),
    state: () => ({ params: part(""), m: part(M), v: part(V), step: taken }),
    restore(state) {
      if (running) throw busy();
      for (const tensors of [state.params, state.m, state.v]) checkState(tensors, shapes);
      for (const name of trainable) {
        live[name]!.data.set(state.params[name]!.data);
        live[M + name]!.data.set(state.m[name]!.data);
        live[V + name]!.data.set(state.v[name]!.data);
      }
      taken = state.step;
    },
    async dispose() {
      await running?.catch(() => undefined);
      await accumulator?.dispose();
      await stepper.dispose();
    },
  };
};

const checkOptions = ({ params, trainable, accumulation = 1, clip = 1 }: TrainStepOptions): void => {
  const unknown = trainable.find((name) => !Object.hasOwn(params, name));
  const fail = (problem: string, hint: string) => new BlockZeroError("TRAIN_OPTIONS", problem, hint);
  if (unknown !== undefined) throw fail(`trainable "${unknown}" is no parameter`, "name parameters of the model");
  if (trainable.length === 0) throw fail("nothing is trainable", "name at least one parameter");
  if (!Number.isInteger(accumulation) || accumulation < 1) throw fail(`accumulation ${accumulation}`, "use 1 or more");
  if (clip !== null && !(clip > 0)) throw fail(`clip ${clip}`, "use a positive norm, or null for no clipping");
};

const checkState = (tensors: NamedFloats, shapes: Readonly<Record<string, readonly number[]>>): void => {
  const names = new Set([...Object.keys(tensors), ...Object.keys(shapes)]);
  for (const name of names) {
    const got = tensors[name]?.shape.join("×");
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
