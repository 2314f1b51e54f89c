import { BlockZeroError } from "#shared/errors.js";
import { sizeOf } from "../tensor.js";

export interface NesterovOptions {
  readonly lr: number;
  readonly momentum: number;
  /** Steps along the gradient instead of against it, as PyTorch's option of that name; false by default. */
  readonly maximize?: boolean;
}

/**
 * DiLoCo's outer optimiser (Douillard et al. 2023, algorithm 1): SGD with Nesterov momentum as in
 * `torch.optim.SGD(nesterov=True)`, on the pseudo-gradient Φ_before − Φ_after. Mind the sign: a contribution
 * Δ = Φ_after − Φ_before is to be maximised, and the step then moves along +Δ.
 */
export const nesterov = {
  /** Momentum before the first step. */
  init: (shape: readonly number[]): Float32Array => new Float32Array(sizeOf(shape)),

  /**
   * In place: buffer ← momentum · buffer + g, Φ ← Φ − lr · (g + momentum · buffer), with −g for g to maximise. Every operation is rounded to float32 by
   * itself, so the result has the same bits on every machine. Throws OPTIM_SHAPE when the arrays differ in length.
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
    const { fround } = Math;
    const rate = fround(lr);
    const mu = fround(momentum);
    const sign = maximize ? -1 : 1;
    for (let i = 0; i < params.length; i++) {
      const g = sign * pseudoGradient[i]!;
      const velocity = fround(fround(mu * buffer[i]!) + g);
      const step = fround(g + fround(mu * velocity));
      buffer[i] = velocity;
      params[i] = fround(params[i]! - fround(rate * step));
    }
  },
} as const;
