import { nesterov } from "#shared/engine/optim/nesterov.js";
import type { Network } from "#shared/protocol/network.js";

/**
 * DiLoCo's outer step for one tensor (Douillard et al. 2023, algorithm 1), along the merged update, which is the pseudo-gradient's
 * opposite. In place: no copy of a large tensor is made.
 *
 * @param state momentum zero before the first merge
 * @param delta the merged update of that tensor
 */
export const outerStepOfTensor = (
  { weights, momentum }: { readonly weights: Float32Array; readonly momentum: Float32Array },
  delta: Float32Array,
  { outer_lr, outer_momentum }: Pick<Network["training"], "outer_lr" | "outer_momentum">,
): void => {
  nesterov.update(weights, delta, momentum, { lr: outer_lr, momentum: outer_momentum, maximize: true });
};
