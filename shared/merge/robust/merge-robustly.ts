import type { MergeRule } from "#shared/protocol/training.js";
import { mergeDeltas } from "../weighted-mean.js";
import { centredClipping } from "./centred-clipping.js";
import { clipToMedianNorm } from "./clip-to-median-norm.js";
import { geometricMedian } from "./geometric-median.js";
import { type Look, seeDistances, seeNorms } from "./geometry.js";
import { trimmedMean } from "./trimmed-mean.js";

/** How each tensor is merged once the whole updates were looked at: a weighted sum, or the trimmed mean by shares. */
export type MergePlan =
  | { readonly kind: "weighted"; readonly weights: readonly number[] }
  | { readonly kind: "trimmed"; readonly shares: readonly number[]; readonly trim: number };

/** Merges one tensor of every update, in the order of the updates. @param into as long as a delta; memory of its own if not given */
export const mergeByPlan = (plan: MergePlan, deltas: readonly Float32Array[], into?: Float32Array): Float32Array =>
  plan.kind === "weighted"
    ? mergeDeltas(deltas, plan.weights, into)
    : trimmedMean(deltas, plan.shares, plan.trim, into);

/**
 * How the tensors of one group's updates become one, by the rule of the network file, which may look at the whole updates first: all but the
 * trimmed mean, and the mean without clipping, bring each update down to the median norm to begin with. The same
 * bits on every machine: sums in float64 in the given order, no fused multiply-add, each element rounded once to float32.
 *
 * Each look that it asks for must be shown all tensors before the next one is asked for: whoever has the updates in files goes through them
 * once a look, and once more to merge, with one tensor of each in memory.
 *
 * @param shares of at least one update, in ascending order of artifact hash
 * @param norms  of the updates, where they are known: saves a look
 */
export function* planByRule(
  shares: readonly number[],
  rule: MergeRule,
  norms: readonly number[] | null = null,
): Generator<Look, MergePlan, void> {
  if (rule.rule === "trimmed-mean") return { kind: "trimmed", shares, trim: rule.trim };
  return { kind: "weighted", weights: yield* weightsBy(shares, rule, norms) };
}

function* weightsBy(
  shares: readonly number[],
  rule: Exclude<MergeRule, { rule: "trimmed-mean" }>,
  known: readonly number[] | null,
): Generator<Look, readonly number[], void> {
  if (rule.rule === "weighted-mean" && rule.clip === "none") return shares;
  const seen = seeNorms(shares.length);
  if (known === null) yield seen.look;
  // Before distances are taken, too: in those of a huge update the others' would drown.
  const factors = clipToMedianNorm(known ?? seen.norms());
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
      // Nothing times any of them is the origin.
      const { squared, look } = seeDistances([0, ...factors]);
      yield (tensors) => look([tensors[0]!, ...tensors]);
      return scaled(centredClipping(squared, shares, rule.iterations).slice(1));
    }
  }
}
