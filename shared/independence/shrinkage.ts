import { square } from "./powers.js";

/** As often as this, what chance makes of a squared distance is taken off. */
const CHANCES = 3;

/**
 * Values drawn towards their mean by what chance explains (Breiman, "Better subset regression using the nonnegative garrote", 1995): a distance
 * d becomes `d · max(0, 1 − 3σ² / d²)`. Each value goes by its own distance, so one that is far off makes no others differ, and hides behind
 * none.
 *
 * @param weights of the values in the mean, at least 0, not all 0; @param variance σ², what chance makes of each value
 */
export const shrunk = (values: readonly number[], weights: readonly number[], variance: number): readonly number[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const middle = values.reduce((sum, value, i) => sum + weights[i]! * value, 0) / total;
  return values.map((value) => {
    const apart = value - middle;
    return apart === 0 ? value : middle + apart * Math.max(0, 1 - (CHANCES * variance) / square(apart));
  });
};
