import { allocateVectors } from "#shared/kernels/vector-memory.js";
import type { AdamWOptions, StepScalars } from "./adamw.js";

/** A parameter's arrays. Their memory does not move: programs read parameters and write gradients in it. */
export interface TrainedParameter {
  readonly parameter: Float32Array;
  /** As `Moments` defines them. */
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly gradient: Float32Array;
  /** A second gradient, to be added to the first. Absent if a step is one batch. */
  readonly addend: Float32Array | undefined;
  /** gradient += addend. */
  addGradients(): void;
  /** Sum of the gradient's squares, in float64. */
  sumOfSquares(): number;
  /** One step: parameter and moments are updated with factor · gradient. */
  update(at: StepScalars<number>, options: { readonly factor: number; readonly decay: boolean }): void;
}

const [PARAMETER, M, V, GRADIENT, ADDEND] = [0, 1, 2, 3, 4] as const;

/**
 * The arithmetic of `adamw` on host memory, in one pass over every array and on the calling thread. The work is limited by memory
 * bandwidth, not by the processor.
 * @param lengths elements of each parameter
 * @throws BlockZeroError KERNEL_MEMORY
 */
export const adamwInPlace = (
  { beta1, beta2 }: AdamWOptions,
  lengths: readonly number[],
  { accumulates }: { readonly accumulates: boolean },
): readonly TrainedParameter[] =>
  allocateVectors(lengths, accumulates ? 5 : 4).map(({ arrays, run }) => ({
    parameter: arrays[PARAMETER]!,
    m: arrays[M]!,
    v: arrays[V]!,
    gradient: arrays[GRADIENT]!,
    addend: arrays[ADDEND],
    addGradients() {
      run("add", [GRADIENT, ADDEND]);
    },
    sumOfSquares: () => run("sumOfSquares", [GRADIENT]),
    update({ rate, epsilon, keep }, { factor, decay }) {
      run("adamw", [PARAMETER, M, V, GRADIENT], factor, beta1, beta2, rate, epsilon, decay ? keep : 1);
    },
  }));
