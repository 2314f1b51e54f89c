import type { MergeRule } from "../../protocol/network.js";
import { mergeDeltas } from "../merge.js";
import { centredClipping } from "./centred-clipping.js";
import { clipToMedianNorm } from "./clip-to-median-norm.js";
import { geometricMedian } from "./geometric-median.js";
import { normOf, type Point, sideBySide, squaredDistances } from "./geometry.js";
import { trimmedMean } from "./trimmed-mean.js";

/** An update that takes part in a merge: its tensors in ascending order of name, all of which have the same shapes, and its share. */
export interface MergeInput {
  readonly tensors: Point;
  /** Positive; all of them sum to 1. */
  readonly share: number;
}

/** Merges one tensor of every update, in the order of the updates. */
export type TensorMerge = (deltas: readonly Float32Array[]) => Float32Array;

/**
 * How the tensors of one group's updates become one, by the rule of the network file, which may look at the whole updates first: all but the
 * trimmed mean, and the mean without clipping, bring each update down to the median norm to begin with. The same
 * bits on every machine: sums in float64 in the given order, no fused multiply-add, each element rounded once to float32.
 *
 * @param inputs at least one, in ascending order of artifact hash
 */
export const robustMerge = (inputs: readonly MergeInput[], rule: MergeRule): TensorMerge => {
  const shares = inputs.map(({ share }) => share);
  if (rule.rule === "trimmed-mean") return (deltas) => trimmedMean(deltas, shares, rule.trim);
  const weights = weightsOf(
    inputs.map(({ tensors }) => tensors),
    shares,
    rule,
  );
  return (deltas) => mergeDeltas(deltas, weights);
};

/** One group's updates → one; tensors in the order of the inputs'. */
export const mergeRobustly = (inputs: readonly MergeInput[], rule: MergeRule): readonly Float32Array[] => {
  const merge = robustMerge(inputs, rule);
  return Array.from(sideBySide(inputs.map(({ tensors }) => tensors)), merge);
};

const weightsOf = (
  points: readonly Point[],
  shares: readonly number[],
  rule: Exclude<MergeRule, { rule: "trimmed-mean" }>,
): readonly number[] => {
  if (rule.rule === "weighted-mean" && rule.clip === "none") return shares;
  // Before distances are taken, too: in those of a huge update the others' would drown.
  const factors = clipToMedianNorm(points.map(normOf));
  const scaled = (weights: readonly number[]) => weights.map((weight, k) => weight * factors[k]!);
  switch (rule.rule) {
    case "weighted-mean":
      return scaled(shares);
    case "geometric-median":
      return scaled(geometricMedian(squaredDistances(points, factors), shares, rule.iterations));
    case "centred-clipping": {
      // Nothing times any of them is the origin.
      const squared = squaredDistances([points[0]!, ...points], [0, ...factors]);
      return scaled(centredClipping(squared, shares, rule.iterations).slice(1));
    }
  }
};
