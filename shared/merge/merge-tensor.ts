import { type Allocate, elementsOf, type Pieces } from "#shared/artifact/codec/codec.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { soundTensor } from "#shared/artifact/update-reader.js";
import { createFloatScratch } from "#shared/files/scratch.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import type { OuterStep } from "#shared/protocol/network-file/outer-step.js";
import { outerStepOfTensor } from "./outer-step.js";
import { type Aggregation, aggregate } from "./robust/merge-robustly.js";

/** The merge of one tensor as plain data, so that it can be sent to another thread. */
export interface TensorStep {
  /** As for all tensors of the group. */
  readonly codec: CodecName;
  readonly aggregation: Aggregation;
  readonly outer: OuterStep;
  readonly name: string;
  readonly shape: readonly number[];
  /** In the order of the updates, as the codec wrote them. */
  readonly updates: readonly Pieces[];
  /** The weights before the step. Afterwards, those of the new model. */
  readonly weights: Float32Array;
  readonly momentum: Float32Array;
}

/** Merges one tensor's updates and takes the outer step, in place. @throws BlockZeroError UPDATE_MALFORMED */
export type MergeTensor = (step: TensorStep) => void;

/** Creates a merge function that reuses its memory for the next tensor. */
export const createMergeTensor = (): MergeTensor => {
  const decoded: Allocate[] = [];
  const memory = createFloatScratch();
  return ({ name, shape, codec, updates, aggregation, outer, weights, momentum }) => {
    const length = elementsOf(shape);
    const deltas = updates.map((pieces, i) => {
      decoded[i] ??= createFloatScratch();
      return soundTensor(name, CODECS[codec].decode(pieces, length, decoded[i]));
    });
    outerStepOfTensor({ weights, momentum }, aggregate(aggregation, deltas, memory(length)), outer);
  };
};
