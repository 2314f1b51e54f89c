import type { Gram, Matrix } from "./gram.js";
import { fourth, square } from "./powers.js";
import { quantileOfAscending, usualOf, type Weighted, weightedQuantile } from "./weighted-quantile.js";
import { gainWeightsOf, weightsOf } from "./weights.js";

/** The parts of an update that is scaled to length 1. */
export interface Makeup {
  /** The loading of each update: its part along the common signal, in (0, 1). One minus its square is the noise of its own training. */
  readonly loadings: readonly number[];
  /** Correlations between the noises, 1 on the diagonal: 1 for copies, about 0 for independent trainings. */
  readonly kinship: Matrix;
}

/** Bounds of the loadings: every update has a little noise. */
const BOUNDS = [0.01, 0.99] as const;
const ROUNDS = 6;
/** Quantile of a row's ratios that the first guess uses: the ratios with unrelated updates, however many are kin. */
const STRANGERS = 0.1;
/**
 * Share of a row's largest ratio. A smaller ratio has nothing in common with the row, so it does not show how much unrelated updates have
 * in common.
 */
const UNRELATED = 0.15;
/** Relative amount by which a loading may exceed what the loss reduction implies: trainings of unequal length have slopes that differ by so much. */
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
 * Each is heard by the square of its loss reduction, and none for more than the usual one (`gainWeightsOf`). An update that lowers the loss only a little costs no work, and could
 * otherwise decide what is usual.
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
    const kinCounts = kinship.map((row) =>
      Math.max(
        1,
        row.reduce((sum, kin) => sum + kin, 0),
      ),
    );
    const precisions = before.map(precisionOf);
    const unrelated = (i: number, j: number) => fourth(1 - Math.max(0, kinship[i]![j]!));
    const weighted = pairs.map(({ i, j, value }): Weighted => {
      const heard = precisions[i]! * gainWeights[i]! * precisions[j]! * gainWeights[j]! * unrelated(i, j);
      return { value, weight: heard / (kinCounts[i]! * kinCounts[j]!) };
    });
    if (weighted.some(({ weight }) => weight > 0)) factor = rootOf(quantileOfAscending(weighted, 0.5));
    loadings = before.map((loading, i) => {
      let along = 0;
      let weight = 0;
      for (const j of places) {
        if (j === i) continue;
        const share = (precisions[j]! * gainWeights[j]! * unrelated(i, j)) / kinCounts[j]!;
        along += share * cosines[i]![j]! * before[j]!;
        weight += share * square(before[j]!);
      }
      const allowed = factor * slopes[i]! * (1 + TOLERANCE);
      // The geometric mean with the round before, so that the rounds do not alternate between two values.
      const found = weight > 0 ? rootOf((loading * along) / weight) : loading;
      return bounded(Math.min(found, allowed));
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
 * What an update is that is not among those: what it has of the common signal follows from its cosines with those that it is not kin of.
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
    let along = 0;
    let weight = 0;
    for (const [i, loading] of loadings.entries()) {
      const share = heard[i]! * fourth(1 - Math.max(0, kinship[i]!));
      along += share * cosines[i]! * loading;
      weight += share * square(loading);
    }
    own = bounded(weight > 0 ? along / weight : 0);
    kinship = loadings.map((loading, i) => {
      const kin = (cosines[i]! - loading * own) / (Math.sqrt(1 - square(loading)) * Math.sqrt(1 - square(own)));
      return Math.max(-1, Math.min(1, kin));
    });
  }
  return { loading: own, kinship };
};

/** Added to all noise. Smaller noise cannot be told from the error of the loadings. */
const RIDGE = 0.1;

/**
 * Signal to noise ratio of an update: the square of its loading, divided by the rest. It is the information about the common signal, and
 * adds up over independent trainings.
 */
export const precisionOf = (loading: number): number => square(loading) / (1 - square(loading) + RIDGE);

const kinshipOf = (cosines: Matrix, loadings: readonly number[]): Matrix => {
  const noises = loadings.map((loading) => Math.sqrt(1 - square(loading)));
  return cosines.map((row, i) =>
    row.map((cosine, j) => {
      if (i === j) return 1;
      const kin = (cosine - loadings[i]! * loadings[j]!) / (noises[i]! * noises[j]!);
      return Math.max(-1, Math.min(1, kin));
    }),
  );
};

/** What an update has in common with unrelated updates, given what it has in common with each other update. With its kin it has more. */
const amongStrangers = (others: readonly Weighted[]): number => {
  const least = UNRELATED * Math.max(...others.map(({ value }) => value));
  const related = others.filter(({ value }) => value >= least);
  return related.length > 0 ? weightedQuantile(related, STRANGERS) : 0;
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

const bounded = (loading: number): number => Math.max(BOUNDS[0], Math.min(BOUNDS[1], loading));

const rootOf = (value: number): number => (value > 0 ? Math.sqrt(value) : 0);
