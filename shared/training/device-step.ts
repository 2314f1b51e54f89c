import { adamw } from "#shared/engine/optim/adamw.js";
import { type FloatTensor, floatTensor, zeros } from "#shared/engine/tensor.js";
import { type NamedFloats, readScalars, type Shapes } from "./objective.js";
import {
  type BatchScalars,
  disposeAll,
  heldFrozen,
  type StepBackend,
  type StepBackendOptions,
  trainedShapes,
  upload,
  uploadFrozen,
} from "./step-backend.js";
import { compileTraining, M, NORM, SHARE, SUM, V } from "./train-programs.js";

/**
 * Forward pass, backward pass, clipping and AdamW in one program, so that the state stays on the device. There are two
 * sets of buffers for parameters and moments: a step reads one and writes the other, and applying the step swaps them.
 */
export const deviceStep = async (options: StepBackendOptions): Promise<StepBackend> => {
  const { device } = options;
  const optimiser = adamw(options.optimiser);
  const { accumulator, stepper } = await compileTraining(options, optimiser);
  const shapes = trainedShapes(options);
  const frozen = await uploadFrozen(options);
  let live = await upload(device, beginning(shapes, options.params));
  let spare = await upload(device, beginning(shapes));
  const sums = () => upload(device, accumulator ? zeroSums(shapes) : []);
  let sum = await sums();
  let spareSum = await sums();

  return {
    async compute(batches, step, learningRate, signal) {
      const results: BatchScalars[] = [];
      if (accumulator) {
        for (const tensor of Object.values(sum)) await tensor.fill(0);
        for (const batch of batches.slice(0, -1)) {
          signal.throwIfAborted();
          results.push(readScalars(await accumulator.run({ ...frozen, ...live, ...sum, ...batch }, spareSum)));
          [sum, spareSum] = [spareSum, sum];
          if (!Number.isFinite(results.at(-1)!.loss)) return { results, gradNorm: Number.NaN };
        }
      }
      signal.throwIfAborted();
      const share = accumulator ? { [SHARE]: floatTensor([1 / batches.length], []) } : {};
      const scalars = optimiser.scalars(step, learningRate);
      const outputs = await stepper.run({ ...frozen, ...live, ...sum, ...share, ...scalars, ...batches.at(-1) }, spare);
      results.push(readScalars(outputs));
      return { results, gradNorm: Number(outputs[NORM]?.data[0]) };
    },
    apply() {
      [live, spare] = [spare, live];
    },
    tensor: (part, name) => live[PREFIXES[part] + name]!,
    ...heldFrozen(frozen),
    async dispose() {
      disposeAll(frozen, live, spare, sum, spareSum);
      await accumulator?.dispose();
      await stepper.dispose();
    },
  };
};

/** Prefix of a parameter's name in the buffers, by part of the state. */
const PREFIXES = { params: "", m: M, v: V } as const;

/** The initial parameters and moments. A missing parameter, and every moment, is zeros. */
function* beginning(shapes: Shapes, params?: NamedFloats): Generator<[string, FloatTensor]> {
  for (const [name, shape] of Object.entries(shapes)) {
    yield [name, params ? { ...params[name]!, data: params[name]!.data.slice() } : zeros(shape)];
    yield [M + name, zeros(shape)];
    yield [V + name, zeros(shape)];
  }
}

function* zeroSums(shapes: Shapes): Generator<[string, FloatTensor]> {
  for (const [name, shape] of Object.entries(shapes)) yield [SUM + name, zeros(shape)];
}
