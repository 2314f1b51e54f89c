import type { FloatTensors } from "#shared/artifact/update.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { mergeInMemory } from "./merge-in-memory.js";

export interface Contribution {
  readonly tensors: FloatTensors;
  /** All of them sum to 1. */
  readonly share: number;
}

export interface OuterState {
  readonly weights: Parameters;
  /** Null before the first merge. */
  readonly momentum: Parameters | null;
}

/** A merge rule, and the step that is taken in every cycle. */
export interface FixedStep extends Pick<OuterStep, "lr" | "momentum"> {
  readonly merge: MergeRule;
}

/** A cycle's merge and outer step where everything is in memory. @param contributions at least one */
export const outerStep = (
  { weights, momentum }: OuterState,
  contributions: readonly Contribution[],
  fixed: FixedStep,
): OuterState => {
  const names = Object.keys(weights).sort();
  const inputs = contributions.map(({ tensors, share }) => ({
    tensors: names.map((name) => tensors.get(name)!.data),
    share,
  }));
  const next: Record<string, Parameters[string]> = {};
  const buffer: Record<string, Parameters[string]> = {};
  for (const [i, delta] of mergeInMemory(inputs, fixed.merge).entries()) {
    const name = names[i]!;
    const tensor = weights[name]!;
    const stepped = {
      weights: tensor.data.slice(),
      momentum: momentum?.[name]?.data.slice() ?? new Float32Array(tensor.data.length),
    };
    outerStepOfTensor(stepped, delta, fixed);
    next[name] = { ...tensor, data: stepped.weights };
    buffer[name] = { ...tensor, data: stepped.momentum };
  }
  return { weights: next, momentum: buffer };
};
