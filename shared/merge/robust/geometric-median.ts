import { distancesTo } from "./geometry.js";

/** Points closer than this share of the largest distance count as one, so that no weight is infinite. */
const SMOOTHING = 1e-6;

/**
 * Weights, summing to 1, of the points' geometric median: the place with the least Σ shareₖ · |place − xₖ|. Weiszfeld's iteration (1937)
 * with the smoothing of Pillutla, Kakade and Harchaoui, "Robust Aggregation for Federated Learning" (2022), a fixed number of times from
 * the weighted mean. A party with less than half of the shares cannot move it further than the distances between the other points.
 *
 * @param squared all pairs' squared distances
 * @param shares  positive, summing to 1
 */
export const geometricMedian = (
  squared: readonly (readonly number[])[],
  shares: readonly number[],
  iterations: number,
): readonly number[] => {
  const least = SMOOTHING * Math.sqrt(Math.max(0, ...squared.flat()));
  if (least === 0) return shares;
  let weights = shares;
  for (let i = 0; i < iterations; i++) {
    const pulls = distancesTo(weights, squared).map((distance, k) => shares[k]! / Math.max(least, distance));
    const total = pulls.reduce((sum, pull) => sum + pull, 0);
    weights = pulls.map((pull) => pull / total);
  }
  return weights;
};
