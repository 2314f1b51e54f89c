import type { Gram } from "./gram.js";
import { bounded, kinOf, kinshipOf, type Makeup } from "./kinship.js";
import { amongStrangers, hearingOf, rootOf, strangeness, toldBy, towards } from "./strangers.js";
import { quantileOfAscending, usualOf, type Weighted, weightedQuantile } from "./weighted-quantile.js";
import { gainWeightsOf, weightsOf } from "./weights.js";

const ROUNDS = 6;
/** Relative amount by which a loading may exceed what the loss reduction implies: by so much the slopes of unequally long trainings differ. */
const TOLERANCE = 0.25;

/**
 * Separates what all updates have in common from what only some have in common, by factor analysis with one factor (Spearman, "General
 * intelligence", 1904). Between independent trainings, cosines are products of loadings, cos(i, j) = a_i·a_j. Between copies they are
 * larger, by the noise that both have.
 *
 * If copies are the majority, cosines alone cannot tell which updates are kin: the copies look like honest work, and honest work looks like
 * an exception. So the first loadings are proportional to slopes (loss reduction divided by length). Noise lowers the slope as it lowers
 * the loading, and no majority changes it. Pairs of unrelated updates give the factor of proportion. Each further loading is the mean over
 * all other updates. The mean weights them by precision, counts a set of kin as one, and leaves out the update's own kin. A loading is at
 * most what the loss reduction allows.
 *
 * Each is heard by the square of its loss reduction, and none for more than the usual one (`gainWeightsOf`). An update that lowers the loss only a
 * little costs no work, and could otherwise decide what is usual.
 *
 * @param gram of at least two updates, none of length 0; @param gains loss reductions, as far as they are the updates' own, above 0;
 *   @param copies `copiesOf` the cosines
 */
export const makeupOf = (
  { cosines, norms }: Pick<Gram, "cosines" | "norms">,
  gains: readonly number[],
  copies: readonly number[],
): Makeup => {
  const places = gains.map((_, i) => i);
  const gainWeights = gainWeightsOf(gains);
  const weights = weightsOf(gainWeights, copies);
  const slopes = slopesOf({ cosines, norms }, gains, weights);
  const ratio = (i: number, j: number) => cosines[i]![j]! / (slopes[i]! * slopes[j]!);
  const firsts = places.map((i): Weighted => {
    const others = places.filter((j) => j !== i).map((j) => ({ value: ratio(i, j), weight: weights[j]! }));
    return { value: amongStrangers(others), weight: weights[i]! };
  });
  const pairs = places
    .flatMap((i) => places.slice(0, i).map((j) => ({ i, j, value: ratio(i, j) })))
    .sort((a, b) => a.value - b.value);
  let factor = rootOf(weightedQuantile(firsts, 0.5));
  let loadings = slopes.map((slope) => bounded(factor * slope));
  let kinship = kinshipOf(cosines, loadings);
  for (let round = 0; round < ROUNDS; round++) {
    const before = loadings;
    const hearing = hearingOf({ loadings, kinship }, gainWeights);
    const weighted = pairs.map(({ i, j, value }): Weighted => ({ value, weight: hearing.pair(i, j) }));
    if (weighted.some(({ weight }) => weight > 0)) factor = rootOf(quantileOfAscending(weighted, 0.5));
    loadings = before.map((loading, i) => {
      const told = toldBy(cosines[i]!, before, (j) => hearing.of(i, j));
      const allowed = factor * slopes[i]! * (1 + TOLERANCE);
      return bounded(Math.min(towards(loading, told), allowed));
    });
    kinship = kinshipOf(cosines, loadings);
  }
  return { loadings, kinship };
};

/** An update beside those that are measured. */
export interface Beside {
  /** Its part along the common signal, as loadings are. */
  readonly loading: number;
  /** Correlations of its noise with theirs. */
  readonly kinship: readonly number[];
}

/**
 * The makeup of an update that is not among those. Its loading follows from its cosines with those that it is not kin of.
 *
 * @param cosines of it and each of them; @param heard how much each says of it, at least 0
 */
export const besideThem = (
  cosines: ArrayLike<number>,
  loadings: readonly number[],
  heard: readonly number[],
): Beside => {
  let kinship: readonly number[] = loadings.map(() => 0);
  let own = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { along, weight } = toldBy(cosines, loadings, (i) => heard[i]! * strangeness(kinship[i]!));
    own = bounded(weight > 0 ? along / weight : 0);
    kinship = loadings.map((loading, i) => kinOf(cosines[i]!, loading, own));
  }
  return { loading: own, kinship };
};

/**
 * Quantile of the distances that is the usual one (a set of copies counts as one update), and the part of that distance from which an
 * update is not short.
 */
const USUAL_REACH = 0.5;
const NOT_SHORT = 0.9;
/** Quantile of the slopes (a set of copies counts as one update) up to which slopes are not capped. */
const USUAL_SLOPE = 0.85;
/** Least slope, relative to the largest usual one, so that quotients of two slopes stay finite. */
const LEAST_SLOPE = 1e-40;

/**
 * Loss reductions divided by length, relative to the largest usual one, and at most 1. The first part of a training lowers the loss most,
 * so a shorter update has a steeper slope. An update is short if it goes less far than usual along what it has in common with unrelated
 * updates. Then its length is replaced by the mean of its own length and the length that it would have at the usual distance. So an update
 * with little or no training does not make honest work look noisy.
 */
const slopesOf = (
  { cosines, norms }: Pick<Gram, "cosines" | "norms">,
  gains: readonly number[],
  weights: readonly number[],
): readonly number[] => {
  const reaches = norms.map(
    (norm, i) =>
      norm * amongStrangers(weights.flatMap((weight, j) => (j === i ? [] : [{ value: cosines[i]![j]!, weight }]))),
  );
  const far = NOT_SHORT * usualOf(reaches, weights, USUAL_REACH);
  const slopes = gains.map((gain, i) => {
    const short = far > 0 ? Math.max(1, far / Math.max(0, reaches[i]!)) : 1;
    const slope = gain / ((norms[i]! * (1 + short)) / 2);
    return Math.max(Number.MIN_VALUE, Math.min(Number.MAX_VALUE, slope));
  });
  const steepest = usualOf(slopes, weights, USUAL_SLOPE);
  return slopes.map((slope) => Math.max(LEAST_SLOPE, Math.min(1, slope / steepest)));
};
