import { byName } from "#shared/artifact/safetensors.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import { nesterov } from "#shared/engine/optim/nesterov.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { robustMerge } from "#shared/scoring/robust/merge-robustly.js";

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

/**
 * The outer step for all tensors of one group. Fixed order, fixed arithmetic, so that every honest validator makes the same bits.
 *
 * @param contributions at least one, in ascending order of artifact hash
 */
export const outerStep = (
  { weights, momentum }: OuterState,
  contributions: readonly Contribution[],
  training: Network["training"],
): { weights: Parameters; momentum: Parameters } => {
  const next: Record<string, Parameters[string]> = {};
  const buffer: Record<string, Parameters[string]> = {};
  const names = byName(new Map(Object.entries(weights))).map(([name]) => name);
  const inputs = contributions.map(({ tensors, share }) => ({
    tensors: names.map((name) => tensors.get(name)!.data),
    share,
  }));
  const merge = robustMerge(inputs, training.merge);
  for (const [i, name] of names.entries()) {
    const tensor = weights[name]!;
    const stepped = {
      weights: tensor.data.slice(),
      momentum: momentum?.[name]?.data.slice() ?? new Float32Array(tensor.data.length),
    };
    outerStepOfTensor(stepped, merge(inputs.map(({ tensors }) => tensors[i]!)), training);
    next[name] = { ...tensor, data: stepped.weights };
    buffer[name] = { ...tensor, data: stepped.momentum };
  }
  return { weights: next, momentum: buffer };
};
