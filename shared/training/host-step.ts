import { scalarsAt } from "#shared/engine/optim/adamw.js";
import { adamwInPlace } from "#shared/engine/optim/adamw-in-place.js";
import { clipFactorOf } from "#shared/engine/optim/clip.js";
import { type FloatTensor, floatTensor, sizeOf } from "#shared/engine/tensor.js";
import { type NamedFloats, readScalars } from "./objective.js";
import {
  type BatchScalars,
  decays,
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
export const stepBesideProgram = async (options: StepBackendOptions): Promise<StepBackend> => {
  const { device, trainable, accumulation = 1, clip = 1, optimiser } = options;
  const program = await compileGradients(options);
  const shapes = trainedShapes(options);
  const accumulates = accumulation > 1;
  const lengths = trainable.map((name) => sizeOf(shapes[name]!));
  const trained = adamwInPlace(optimiser, lengths, { accumulates });
  fillParameters(trained, options);

  const views = (prefix: string, pick: (each: (typeof trained)[number]) => Float32Array | undefined) =>
    upload(device, named(trainable, shapes, prefix, trained.map(pick)));
  const frozen = await uploadFrozen(options);
  const params = await views("", ({ parameter }) => parameter);
  const state = { params, m: await views("", ({ m }) => m), v: await views("", ({ v }) => v) };
  const gradients = await views(GRADIENT, ({ gradient }) => gradient);
  const addends = await views(GRADIENT, ({ addend }) => addend);
  let apply: (() => void) | undefined;

  return {
    async propose(batches, step, learningRate) {
      const results: BatchScalars[] = [];
      for (const [i, batch] of batches.entries()) {
        const into = i === 0 ? gradients : addends;
        results.push(readScalars(await program.run({ ...frozen, ...params, ...batch }, into)));
        if (!Number.isFinite(results.at(-1)!.loss)) return { results, gradNorm: Number.NaN };
        if (i > 0) for (const each of trained) each.addGradients();
      }
      const share = 1 / batches.length;
      const gradNorm = share * Math.sqrt(trained.reduce((sum, each) => sum + each.sumOfSquares(), 0));
      const factor = clip === null ? share : share * clipFactorOf(gradNorm, clip);
      const at = scalarsAt(optimiser, step, learningRate);
      apply = () =>
        trained.forEach((each, i) => {
          each.update(at, { factor, decay: decays(shapes[trainable[i]!]!) });
        });
      return { results, gradNorm };
    },
    take() {
      apply?.();
      apply = undefined;
    },
    tensor: (part, name) => state[part][name]!,
    ...heldFrozen(frozen),
    async dispose() {
      disposeAll(frozen, ...Object.values(state), gradients, addends);
      await program.dispose();
    },
  };
};

// Top-level, so that no closure retains the caller's tensors.

const fillParameters = (
  trained: ReturnType<typeof adamwInPlace>,
  { params, trainable }: { readonly params: NamedFloats; readonly trainable: readonly string[] },
): void => {
  for (const [i, name] of trainable.entries()) trained[i]!.parameter.set(params[name]!.data);
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
