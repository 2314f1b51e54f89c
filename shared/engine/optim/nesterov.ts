import { BlockZeroError } from "#shared/errors/error.js";
import { BLOCK, blocks } from "#shared/kernels/blocks.js";
import { sizeOf } from "../tensor.js";

export interface NesterovOptions {
  readonly lr: number;
  readonly momentum: number;
  /** Steps along the gradient instead of against it, as PyTorch's option of the same name; false by default. */
  readonly maximize?: boolean;
}

/**
 * DiLoCo's outer optimiser (Douillard et al. 2023, algorithm 1): SGD with Nesterov momentum as in `torch.optim.SGD(nesterov=True)`, on the
 * pseudo-gradient Φ_before − Φ_after. Note the sign: for an update Δ = Φ_after − Φ_before use `maximize`; the step then moves along +Δ.
 */
export const nesterov = {
  /** Momentum before the first step. */
  init: (shape: readonly number[]): Float32Array => new Float32Array(sizeOf(shape)),

  /**
   * In place: buffer ← momentum · buffer + g, Φ ← Φ − lr · (g + momentum · buffer), with −g in place of g for `maximize`. Every operation
   * is rounded to float32 separately, so the result has the same bits on every machine. Throws OPTIM_SHAPE when the arrays differ in
   * length.
   */
  update: (
    params: Float32Array,
    pseudoGradient: Float32Array,
    buffer: Float32Array,
    { lr, momentum, maximize = false }: NesterovOptions,
  ): void => {
    if (pseudoGradient.length !== params.length || buffer.length !== params.length) {
      throw new BlockZeroError(
        "OPTIM_SHAPE",
        `${params.length} parameters, pseudo-gradient of ${pseudoGradient.length}, momentum of ${buffer.length}`,
        "give one element of each per parameter",
      );
    }
    const group = blocks(3);
    const [p, b, g] = group.arrays as [Float32Array, Float32Array, Float32Array];
    for (let begin = 0; begin < params.length; begin += BLOCK) {
      const end = Math.min(begin + BLOCK, params.length);
      p.set(params.subarray(begin, end));
      b.set(buffer.subarray(begin, end));
      g.set(pseudoGradient.subarray(begin, end));
      group.run("nesterov", [0, 1, 2], lr, momentum, maximize ? -1 : 1);
      params.set(p.subarray(0, end - begin), begin);
      buffer.set(b.subarray(0, end - begin), begin);
    }
  },
} as const;
