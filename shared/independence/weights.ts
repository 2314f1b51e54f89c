import type { Matrix } from "./gram.js";
import { sixtyFourth, square } from "./powers.js";
import { usualOf } from "./weighted-quantile.js";

/**
 * As how many updates each one counts: about k in a set of k copies, itself included. By so high a power that a cosine of 0.92, which
 * trainings on a young model have, is next to nothing.
 */
export const copiesOf = (cosines: Matrix): readonly number[] =>
  cosines.map((row) => row.reduce((sum, cosine) => sum + sixtyFourth(Math.max(0, cosine)), 0));

/**
 * How much each update's loss reduction says of what is usual. Little work says little. More than the usual says no more than the usual:
 * else copies of a longer training would be heard as more trainings than they are.
 *
 * @param gains above 0
 */
export const gainWeightsOf = (gains: readonly number[]): readonly number[] => {
  const usual = usualGain(gains);
  return gains.map((gain) => square(Math.min(1, gain / usual)));
};

/** The same with a set of copies counted as one. */
export const weightsOf = (gainWeights: readonly number[], copies: readonly number[]): readonly number[] =>
  gainWeights.map((weight, i) => weight / copies[i]!);

/**
 * The loss reduction up to which half of all that was taken off the loss was taken off it. By the loss reduction, not by number: many hotkeys
 * with little work would decide what is usual. And not by its square: few with a longer training would.
 */
const usualGain = (gains: readonly number[]): number => {
  const most = Math.max(...gains);
  return usualOf(
    gains,
    gains.map((gain) => gain / most),
    1 / 2,
  );
};
