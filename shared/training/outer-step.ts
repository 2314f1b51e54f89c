import type { FloatTensors } from "#shared/artifact/update.js";
import { nesterov } from "#shared/engine/optim/nesterov.js";
import { zeros } from "#shared/engine/tensor.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { mergeDeltas } from "#shared/scoring/merge.js";

/** An update that takes part in a merge, and its share of the mean; shares sum to one. */
export interface Contribution {
  readonly tensors: FloatTensors;
  readonly share: number;
}

export interface OuterState {
  readonly weights: Parameters;
  /** Nesterov's buffer, part of the model's state; null before the group's first merge. */
  readonly momentum: Parameters | null;
}

/**
 * DiLoCo's outer step for one group (Douillard et al. 2023, algorithm 1): the pseudo-gradient is −(the weighted mean of the updates).
 * Fixed order, fixed arithmetic, so that every honest validator makes the same bits.
 *
 * @param contributions at least one, in ascending order of artifact hash
 */
export const outerStep = (
  { weights, momentum }: OuterState,
  contributions: readonly Contribution[],
  { outer_lr, outer_momentum }: Network["training"],
): { weights: Parameters; momentum: Parameters } => {
  const next: Record<string, Parameters[string]> = {};
  const buffer: Record<string, Parameters[string]> = {};
  const shares = contributions.map(({ share }) => share);
  for (const [name, tensor] of Object.entries(weights)) {
    const delta = mergeDeltas(
      contributions.map(({ tensors }) => tensors.get(name)!.data),
      shares,
    );
    const pseudoGradient = delta.map((change) => -change);
    const moved = { ...tensor, data: tensor.data.slice() };
    const velocity = { ...tensor, data: (momentum?.[name] ?? zeros(tensor.shape)).data.slice() };
    nesterov.update(moved.data, pseudoGradient, velocity.data, { lr: outer_lr, momentum: outer_momentum });
    next[name] = moved;
    buffer[name] = velocity;
  }
  return { weights: next, momentum: buffer };
};
