import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { mergeDeltas } from "../weighted-mean.js";
import { centredClipping } from "./centred-clipping.js";
import { clipToMedianNorm } from "./clip-to-median-norm.js";
import { geometricMedian } from "./geometric-median.js";
import { type Look, seeDistances, seeNorms } from "./geometry.js";
import { trimmedMean } from "./trimmed-mean.js";

/** How to merge each tensor after the whole updates were read: a weighted sum, or the trimmed mean by shares. */
export type Aggregation =
  | { readonly kind: "weighted"; readonly weights: readonly number[] }
  | { readonly kind: "trimmed"; readonly shares: readonly number[]; readonly trim: number };

/** Merges one tensor of every update, in the order of the updates. @param into as long as a delta; unset: new memory */
export const aggregate = (
  aggregation: Aggregation,
  deltas: readonly Float32Array[],
  into?: Float32Array,
): Float32Array =>
  aggregation.kind === "weighted"
    ? mergeDeltas(deltas, aggregation.weights, into)
    : trimmedMean(deltas, aggregation.shares, aggregation.trim, into);

/**
 * How the tensors of one group's updates are merged, by the rule of the network file. A rule may look at the whole updates first. All rules
 * but the trimmed mean, and the mean without clipping, first scale each update down to the median norm. The result has the same bits on
 * every machine: sums in float64 in the given order, no fused multiply-add, each element rounded once to float32.
 *
 * The caller shows all tensors for one look before the next look is requested. A caller that has the updates in files reads them once per
 * look, and once more to merge, with one tensor of each in memory.
 *
 * @param shares of at least one update, in ascending order of artifact hash
 * @param norms  of the updates, if known: saves a look
 * @param voices how much each update has to say of what length is usual; at least 0, not all of them 0. Default: its share
 */
export function* aggregationOf(
  shares: readonly number[],
  rule: MergeRule,
  {
    norms = null,
    voices = shares,
  }: { readonly norms?: readonly number[] | null; readonly voices?: readonly number[] } = {},
): Generator<Look, Aggregation, void> {
  if (rule.rule === "trimmed-mean") return { kind: "trimmed", shares, trim: rule.trim };
  return { kind: "weighted", weights: yield* weightsBy(shares, rule, norms, voices) };
}

function* weightsBy(
  shares: readonly number[],
  rule: Exclude<MergeRule, { rule: "trimmed-mean" }>,
  known: readonly number[] | null,
  voices: readonly number[],
): Generator<Look, readonly number[], void> {
  if (rule.rule === "weighted-mean" && rule.clip === "none") return shares;
  const seen = seeNorms(shares.length);
  if (known === null) yield seen.look;
  // Needed before the distances too: a huge update would drown the differences between the others.
  const factors = clipToMedianNorm(known ?? seen.norms(), voices);
  const scaled = (weights: readonly number[]) => weights.map((weight, k) => weight * factors[k]!);
  switch (rule.rule) {
    case "weighted-mean":
      return scaled(shares);
    case "geometric-median": {
      const { squared, look } = seeDistances(factors);
      yield look;
      return scaled(geometricMedian(squared, shares, rule.iterations));
    }
    case "centred-clipping": {
      // The first point is 0 times an update, which is the origin.
      const { squared, look } = seeDistances([0, ...factors]);
      yield (tensors) => look([tensors[0]!, ...tensors]);
      return scaled(centredClipping(squared, shares, voices, rule.iterations).slice(1));
    }
  }
}
