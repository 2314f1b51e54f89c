import { aggregate, aggregationOf } from "#shared/merge/robust/merge-robustly.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";

/** An update that takes part in a merge: its tensors, which have the same order and shapes in all, and its share. */
export interface MergeInput {
  readonly tensors: readonly Float32Array[];
  /** Positive; all of them sum to 1. */
  readonly share: number;
  /** How much it has to say of what length is usual. Default: its share. */
  readonly voice?: number;
}

/** Merges updates that are in memory as validators merge those in files. @param inputs at least one */
export const mergeInMemory = (inputs: readonly MergeInput[], rule: MergeRule): readonly Float32Array[] => {
  const sideBySide = inputs[0]!.tensors.map((_, t) => inputs.map(({ tensors }) => tensors[t]!));
  const looks = aggregationOf(
    inputs.map(({ share }) => share),
    rule,
    { voices: inputs.map(({ share, voice = share }) => voice) },
  );
  for (;;) {
    const next = looks.next();
    if (next.done) return sideBySide.map((deltas) => aggregate(next.value, deltas));
    for (const deltas of sideBySide) next.value(deltas);
  }
};
