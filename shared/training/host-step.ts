import { type FloatTensor, floatTensor } from "#shared/engine/tensor.js";
import { adamwVectors } from "./adamw-vectors.js";
import { readScalars } from "./objective.js";
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
import { compileGradients, GRADIENT } from "./train-programs.js";

/**
 * The program computes only gradients. Sums over micro-batches, the norm, clipping and AdamW follow in place, on the calling thread. There
 * is one set of tensors, and each is read and written once. For devices that compute in host memory.
 */
export const hostStep = async (options: StepBackendOptions): Promise<StepBackend> => {
  const { device, trainable, accumulation = 1 } = options;
  const program = await compileGradients(options);
  const shapes = trainedShapes(options);
  const { vectors: trained, prepare, apply } = adamwVectors(options, { accumulates: accumulation > 1 });

  const views = (prefix: string, pick: (each: (typeof trained)[number]) => Float32Array | undefined) =>
    upload(device, named(trainable, shapes, prefix, trained.map(pick)));
  const frozen = await uploadFrozen(options);
  const params = await views("", ({ parameter }) => parameter);
  const state = { params, m: await views("", ({ m }) => m), v: await views("", ({ v }) => v) };
  const gradients = await views(GRADIENT, ({ gradient }) => gradient);
  const addends = await views(GRADIENT, ({ addend }) => addend);

  return {
    async compute(batches, step, learningRate, signal) {
      const results: BatchScalars[] = [];
      for (const [i, batch] of batches.entries()) {
        signal.throwIfAborted();
        const into = i === 0 ? gradients : addends;
        results.push(readScalars(await program.run({ ...frozen, ...params, ...batch }, into)));
        if (!Number.isFinite(results.at(-1)!.loss)) return { results, gradNorm: Number.NaN };
        if (i > 0) for (const each of trained) each.addGradients();
      }
      return { results, gradNorm: prepare(batches.length, step, learningRate) };
    },
    apply,
    tensor: (part, name) => state[part][name]!,
    ...heldFrozen(frozen),
    async dispose() {
      disposeAll(frozen, ...Object.values(state), gradients, addends);
      await program.dispose();
    },
  };
};

function* named(
  names: readonly string[],
  shapes: Readonly<Record<string, readonly number[]>>,
  prefix: string,
  arrays: readonly (Float32Array | undefined)[],
): Generator<[string, FloatTensor]> {
  for (const [i, name] of names.entries()) {
    const data = arrays[i];
    if (data) yield [prefix + name, floatTensor(data, shapes[name]!)];
  }
}
