import { weightedMedian } from "#shared/util/weighted-median.js";
import { distancesTo } from "./geometry.js";

/**
 * Weights of the points, the first one included, in a centre found by clipping: v ← v + Σ shareₖ · (xₖ − v) · min(1, τ / |xₖ − v|), a fixed
 * number of times from the first point, which has no share (Karimireddy, He, Jaggi, "Learning from History for Byzantine Robust
 * Optimization", 2021). τ is the median of the distances |xₖ − v|, by what the points have to say,
 * computed again in each round. So it needs no setting, and points with less than half of the say cannot increase it. A step moves v by at
 * most τ.
 *
 * @param squared all pairs' squared distances, the starting point first
 * @param shares  of the other points, positive, summing to 1
 * @param voices  how much each of them has to say of τ; at least 0, not all of them 0
 */
export const centredClipping = (
  squared: readonly (readonly number[])[],
  shares: readonly number[],
  voices: readonly number[],
  iterations: number,
): readonly number[] => {
  let weights: readonly number[] = squared.map((_, k) => (k === 0 ? 1 : 0));
  for (let i = 0; i < iterations; i++) {
    const distances = distancesTo(weights, squared).slice(1);
    const radius = weightedMedian(distances, voices);
    const steps = distances.map((distance, k) => shares[k]! * (distance > radius ? radius / distance : 1));
    const moved = steps.reduce((sum, step) => sum + step, 0);
    weights = weights.map((weight, k) => weight * (1 - moved) + (k === 0 ? 0 : steps[k - 1]!));
  }
  return weights;
};
