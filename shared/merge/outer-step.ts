import { nesterov } from "#shared/engine/optim/nesterov.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";

/**
 * DiLoCo's outer step for one tensor (Douillard et al. 2023, algorithm 1), along the merged update, which is the negative of the
 * pseudo-gradient. In place: makes no copy of a large tensor.
 *
 * @param state momentum zero before the first merge
 * @param delta the merged update of that tensor
 */
export const outerStepOfTensor = (
  { weights, momentum }: { readonly weights: Float32Array; readonly momentum: Float32Array },
  delta: Float32Array,
  { lr, momentum: mu }: Pick<OuterStep, "lr" | "momentum">,
): void => {
  nesterov.update(weights, delta, momentum, { lr, momentum: mu, maximize: true });
};
