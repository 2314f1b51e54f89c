import { scalarsAt } from "#shared/engine/optim/adamw.js";
import { adamwInPlace, type TrainedParameter } from "#shared/engine/optim/adamw-in-place.js";
import { clipFactorOf } from "#shared/engine/optim/clip.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { decays, type StepBackendOptions, trainedShapes } from "./step-backend.js";

/** AdamW on the trained tensors of a step, outside any program and in place. */
export interface AdamWVectors {
  /** In the order of `trainable`; they begin as the given parameters. */
  readonly vectors: readonly TrainedParameter[];
  /**
   * Prepares a step on gradients that were summed over micro-batches.
   *
   * @param step counted from 1
   * @returns global L2 norm of the mean gradient, before clipping
   */
  prepare(microBatches: number, step: number, learningRate: number): number;
  /** Applies the step that was prepared, if there is one. */
  apply(): void;
}

/** @throws BlockZeroError KERNEL_MEMORY */
export const adamwVectors = (
  options: StepBackendOptions,
  { accumulates }: { readonly accumulates: boolean },
): AdamWVectors => {
  const { optimiser, trainable, clip = 1 } = options;
  const named = trainedShapes(options);
  const shapes = trainable.map((name) => named[name]!);
  const vectors = adamwInPlace(optimiser, shapes.map(sizeOf), { accumulates });
  fill(vectors, options);
  let prepared: (() => void) | undefined;
  return {
    vectors,
    prepare(microBatches, step, learningRate) {
      const share = 1 / microBatches;
      const gradNorm = share * Math.sqrt(vectors.reduce((sum, each) => sum + each.sumOfSquares(), 0));
      const factor = clip === null ? share : share * clipFactorOf(gradNorm, clip);
      const at = scalarsAt(optimiser, step, learningRate);
      prepared = () => {
        for (const [i, each] of vectors.entries()) each.update(at, { factor, decay: decays(shapes[i]!) });
      };
      return gradNorm;
    },
    apply() {
      prepared?.();
      prepared = undefined;
    },
  };
};

// Top-level, so that no closure retains the caller's tensors.

const fill = (
  vectors: readonly TrainedParameter[],
  { params, trainable }: Pick<StepBackendOptions, "params" | "trainable">,
): void => {
  for (const [i, name] of trainable.entries()) vectors[i]!.parameter.set(params[name]!.data);
};
