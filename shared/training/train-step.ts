import type { Device, DeviceTensor, Tensors } from "#shared/engine/device.js";
import { ADAMW_DEFAULTS, type AdamW, type AdamWOptions, adamw } from "#shared/engine/optim/adamw.js";
import { type FloatTensor, floatTensor, zeros } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors.js";
import { mapValues, type NamedFloats, type ObjectiveOptions, readScalars } from "./objective.js";
import { compileTraining, M, NORM, SHARE, SUM, V } from "./train-programs.js";

export interface TrainStepOptions extends ObjectiveOptions {
  readonly device: Device;
  /** Names of the parameters that AdamW moves; the others are frozen and cost no gradient. */
  readonly trainable: readonly string[];
  /** Weight decay applies to matrices only, not to norms and biases. */
  readonly adamw?: Partial<AdamWOptions>;
  /** Largest global norm of the gradient, null for any; 1 by default. */
  readonly clip?: number | null;
  /** Micro-batches a step at most; 1 by default. */
  readonly accumulation?: number;
  /** Told of every step that was not taken because its loss or gradient was not finite. */
  readonly onSkip?: (result: StepResult) => void;
}

export interface StepResult {
  /** Mean over the micro-batches, before the step. */
  readonly loss: number;
  /** Global L2 norm of the mean gradient, before clipping. */
  readonly gradNorm: number;
  /** The loss or the norm was not finite, or the step was refused: nothing changed. */
  readonly skipped: boolean;
  /** The step was finite, and refused. */
  readonly refused: boolean;
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

/** One tensor of a state, and which part of it. */
export interface StateTensor {
  readonly part: StatePart;
  readonly name: string;
  readonly tensor: FloatTensor;
}

export type StatePart = keyof typeof PREFIXES;

export interface TrainStep {
  /**
   * One optimiser step on 1 to `accumulation` micro-batches of one weight. Throws TRAIN_BUSY while another is under way.
   * @param refuse asked, before anything changes, with the loss of a finite step; true leaves all as it was
   */
  step(batches: readonly Tensors[], learningRate: number, refuse?: (loss: number) => boolean): Promise<StepResult>;
  /** Steps that were not finite. */
  readonly skippedSteps: number;
  /** Steps that moved the parameters since the optimiser began. */
  readonly takenSteps: number;
  /** A copy of the trained parameters as the last finished step left them, also while the next one runs. */
  params(): Promise<Record<string, FloatTensor>>;
  /** As `params`, with the optimiser's state. */
  state(): Promise<TrainState>;
  /** The tensors of `state` one at a time, so in little memory. Throws TRAIN_BUSY: no step may run meanwhile. */
  tensors(): AsyncGenerator<StateTensor>;
  /**
   * Continues from a state, which is copied; the parts that are left out stay as they are. Throws TRAIN_STATE when a
   * tensor is missing, unknown or misshapen, TRAIN_BUSY while a step is under way.
   */
  restore(state: Partial<TrainState>): Promise<void>;
  /** Waits for the step under way, then frees the programs. */
  dispose(): Promise<void>;
}

/**
 * Compiles forward pass, backward pass, clipping and AdamW into one program. Parameters and moments stay on the device, in
 * two sets of buffers: a step reads one, writes the other, and the sets change places only if loss and gradient are finite.
 */
export const createTrainStep = async (options: TrainStepOptions): Promise<TrainStep> => {
  const { device, params, trainable, accumulation = 1, onSkip } = options;
  checkOptions(options);
  const optimiser = adamw({ ...ADAMW_DEFAULTS, ...options.adamw });
  const shapes = Object.fromEntries(trainable.map((name) => [name, params[name]!.shape]));

  const { accumulator, stepper } = await compileTraining(options, optimiser);

  const frozen = await upload(device, frozenOf(params, shapes));
  let live = await upload(device, beginning(shapes, optimiser, params));
  let spare = await upload(device, beginning(shapes, optimiser));
  const sums = () => upload(device, accumulator ? zeroSums(shapes) : []);
  let sum = await sums();
  let spareSum = await sums();

  let taken = 0;
  let skippedSteps = 0;
  let running: Promise<unknown> | undefined;
  let reading: Promise<unknown> = Promise.resolve();

  const run = async (
    batches: readonly Tensors[],
    learningRate: number,
    refuse: (loss: number) => boolean,
  ): Promise<StepResult> => {
    const results: ReturnType<typeof readScalars>[] = [];
    const report = (gradNorm: number): StepResult => {
      const mean = (read: (result: (typeof results)[number]) => number) =>
        results.reduce((total, result) => total + read(result), 0) / results.length;
      const loss = mean((result) => result.loss);
      const metrics = mapValues(results[0]!.metrics, (_, name) => mean((result) => result.metrics[name]!));
      const finite = Number.isFinite(loss) && Number.isFinite(gradNorm);
      const refused = finite && refuse(loss);
      return { loss, gradNorm, skipped: refused || !finite, refused, metrics };
    };
    const share = accumulator ? { [SHARE]: floatTensor([1 / batches.length], []) } : {};

    if (accumulator) {
      for (const tensor of Object.values(sum)) await tensor.fill(0);
      for (const batch of batches.slice(0, -1)) {
        results.push(readScalars(await accumulator.run({ ...frozen, ...live, ...sum, ...batch }, spareSum)));
        [sum, spareSum] = [spareSum, sum];
        if (!Number.isFinite(results.at(-1)!.loss)) return report(Number.NaN);
      }
    }
    const scalars = optimiser.scalars(taken + 1, learningRate);
    const outputs = await stepper.run({ ...frozen, ...live, ...sum, ...share, ...scalars, ...batches.at(-1) }, spare);
    results.push(readScalars(outputs));
    const result = report(Number(outputs[NORM]?.data[0]));
    if (result.skipped) return result;
    [live, spare] = [spare, live];
    taken++;
    return result;
  };

  /** Nothing is written while somebody reads, and one thing at a time. */
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

  const read = async (buffers: Buffers, prefix: string): Promise<Record<string, FloatTensor>> => {
    const reads = trainable.map(async (name) => [name, await buffers[prefix + name]!.read()] as const);
    const all = Promise.all(reads);
    reading = Promise.allSettled([reading, all]);
    return Object.fromEntries(await all);
  };

  return {
    async step(batches, learningRate, refuse = () => false) {
      if (running) throw busy();
      if (batches.length < 1 || batches.length > accumulation) {
        throw new BlockZeroError("TRAIN_BATCH", `${batches.length} micro-batches`, `give 1 to ${accumulation} a step`);
      }
      if (!Number.isFinite(learningRate) || learningRate < 0) {
        throw new BlockZeroError("TRAIN_RATE", `learning rate ${learningRate}`, "use a finite rate of at least 0");
      }
      const result = await exclusively(() => run(batches, learningRate, refuse));
      if (result.skipped && !result.refused) {
        skippedSteps++;
        onSkip?.(result);
      }
      return result;
    },
    get skippedSteps() {
      return skippedSteps;
    },
    get takenSteps() {
      return taken;
    },
    params: () => read(live, ""),
    async state() {
      const step = taken;
      const [trained, m, v] = await Promise.all([read(live, ""), read(live, M), read(live, V)]);
      return { params: trained, m, v, step };
    },
    async *tensors() {
      for (const [part, prefix] of Object.entries(PREFIXES) as [StatePart, string][])
        for (const name of trainable) {
          if (running) throw busy();
          yield { part, name, tensor: await live[prefix + name]!.read() };
        }
    },
    async restore({ step, ...parts }) {
      if (running) throw busy();
      for (const tensors of Object.values(parts)) checkState(tensors, shapes);
      await exclusively(async () => {
        for (const [part, prefix] of Object.entries(PREFIXES) as [StatePart, string][]) {
          for (const [name, tensor] of Object.entries(parts[part] ?? {})) await live[prefix + name]!.write(tensor);
        }
        taken = step ?? taken;
      });
    },
    async dispose() {
      await running?.catch(() => undefined);
      await reading;
      for (const set of [frozen, live, spare, sum, spareSum]) for (const tensor of Object.values(set)) tensor.dispose();
      await accumulator?.dispose();
      await stepper.dispose();
    },
  };
};

type Buffers = Record<string, DeviceTensor>;
type Shapes = Readonly<Record<string, readonly number[]>>;

// These stand outside `createTrainStep`, whose closures would keep the tensors it was given for as long as it lives.

const upload = async (device: Device, tensors: Iterable<readonly [string, FloatTensor]>): Promise<Buffers> => {
  const made: Buffers = {};
  for (const [name, tensor] of tensors) made[name] = await device.upload(tensor);
  return made;
};

const frozenOf = (params: NamedFloats, trained: Shapes) =>
  Object.entries(params).filter(([name]) => !Object.hasOwn(trained, name));

/** Parameters, zeros unless given, and moments. */
function* beginning(shapes: Shapes, optimiser: AdamW, params?: NamedFloats): Generator<[string, FloatTensor]> {
  for (const [name, shape] of Object.entries(shapes)) {
    const { m, v } = optimiser.init(shape);
    yield [name, params ? { ...params[name]!, data: params[name]!.data.slice() } : zeros(shape)];
    yield [M + name, m];
    yield [V + name, v];
  }
}

function* zeroSums(shapes: Shapes): Generator<[string, FloatTensor]> {
  for (const [name, shape] of Object.entries(shapes)) yield [SUM + name, zeros(shape)];
}

/** What stands before a parameter's name in the buffers, by part of the state. */
const PREFIXES = { params: "", m: M, v: V } as const;

export const STATE_PARTS = Object.keys(PREFIXES) as StatePart[];

const checkOptions = ({ params, trainable, accumulation = 1, clip = 1 }: TrainStepOptions): void => {
  const unknown = trainable.find((name) => !Object.hasOwn(params, name));
  const fail = (problem: string, hint: string) => new BlockZeroError("TRAIN_OPTIONS", problem, hint);
  if (unknown !== undefined) throw fail(`trainable "${unknown}" is no parameter`, "name parameters of the model");
  if (trainable.length === 0) throw fail("nothing is trainable", "name at least one parameter");
  if (!Number.isInteger(accumulation) || accumulation < 1) throw fail(`accumulation ${accumulation}`, "use 1 or more");
  if (clip !== null && !(clip > 0)) throw fail(`clip ${clip}`, "use a positive norm, or null for no clipping");
};

const checkState = (tensors: NamedFloats, shapes: Shapes): void => {
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
