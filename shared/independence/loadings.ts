import type { Gram, Matrix } from "./gram.js";
import { quantileOfAscending, type Weighted, weightedQuantile } from "./weighted-quantile.js";

/** How an update of length 1 is made up. */
export interface Makeup {
  /** Each one's loading: the part along what all have learnt, in (0, 1). Its square's rest is noise of its own training. */
  readonly loadings: readonly number[];
  /** Correlations between the noises, 1 on the diagonal: 1 for copies, about 0 for trainings of their own. */
  readonly kinship: Matrix;
}

/** Loadings are kept within these: a little noise is in everything. */
const BOUNDS = [0.01, 0.99] as const;
const ROUNDS = 6;
/** Share of a row's ratios that the first guess goes by: those with strangers, however many are kin. */
const STRANGERS = 0.1;
/** Of a row's largest ratio: what is below has nothing in common, and says nothing of how much strangers have. */
const UNRELATED = 0.15;
/** By so much a loading may exceed what the loss reduction says: trainings of unequal length have slopes so unequal. */
const TOLERANCE = 0.25;

/**
 * Tells what updates have in common from what only some have in common, by factor analysis with one factor (Spearman, "General intelligence",
 * 1904): between trainings of their own cosines are products of loadings, cos(i, j) = a_i·a_j, between copies they are larger by the noise that both
 * have.
 *
 * Cosines alone cannot say who is kin where copies are the majority: many copies look like honest work, and honest work like an exception.
 * So loadings begin in proportion to slopes, loss reduction by length, which noise lowers as it lowers the loading, and which no majority changes; the factor
 * of proportion is the one that pairs of strangers give. Then each is the mean over all others, weighted by how clean they are, a set of kin as one and
 * kin of one's own not at all, and at most what the loss reduction allows.
 *
 * Everybody is heard by the square of its loss reduction: what lowers the loss by little costs no work, and could else say what is usual.
 *
 * @param gains loss reductions, above 0; @param gram of at least two updates, none of length 0
 */
export const makeupOf = ({ cosines, norms }: Gram, gains: readonly number[]): Makeup => {
  const places = gains.map((_, i) => i);
  const crowds = cosines.map((row) => row.reduce((sum, cosine) => sum + sixteenth(Math.max(0, cosine)), 0));
  const most = Math.max(...gains);
  const says = gains.map((gain) => square(gain / most));
  const voices = says.map((heard, i) => heard / crowds[i]!);
  const slopes = slopesOf({ cosines, norms }, gains, voices);
  const ratio = (i: number, j: number) => cosines[i]![j]! / (slopes[i]! * slopes[j]!);
  const firsts = places.map((i): Weighted => {
    const others = places.filter((j) => j !== i).map((j) => ({ value: ratio(i, j), weight: voices[j]! }));
    return { value: amongStrangers(others), weight: voices[i]! };
  });
  const pairs = places
    .flatMap((i) => places.slice(0, i).map((j) => ({ i, j, value: ratio(i, j) })))
    .sort((a, b) => a.value - b.value);
  let factor = rootOf(weightedQuantile(firsts, 0.5));
  let loadings = slopes.map((slope) => bounded(factor * slope));
  let kinship = kinshipOf(cosines, loadings);
  for (let round = 0; round < ROUNDS; round++) {
    const before = loadings;
    const crowd = kinship.map((row) =>
      Math.max(
        1,
        row.reduce((sum, kin) => sum + kin, 0),
      ),
    );
    const clean = before.map(precisionOf);
    const weigh = (i: number, j: number) => fourth(1 - Math.max(0, kinship[i]![j]!));
    const weighted = pairs.map(({ i, j, value }): Weighted => {
      const weight = (clean[i]! * says[i]! * clean[j]! * says[j]! * weigh(i, j)) / (crowd[i]! * crowd[j]!);
      return { value, weight };
    });
    if (weighted.some(({ weight }) => weight > 0)) factor = rootOf(quantileOfAscending(weighted, 0.5));
    loadings = before.map((loading, i) => {
      let along = 0;
      let weight = 0;
      for (const j of places) {
        if (j === i) continue;
        const share = (clean[j]! * says[j]! * weigh(i, j)) / crowd[j]!;
        along += share * cosines[i]![j]! * before[j]!;
        weight += share * square(before[j]!);
      }
      const allowed = factor * slopes[i]! * (1 + TOLERANCE);
      // The geometric mean with the round before, lest two take turns.
      const found = weight > 0 ? rootOf((loading * along) / weight) : loading;
      return bounded(Math.min(found, allowed));
    });
    kinship = kinshipOf(cosines, loadings);
  }
  return { loadings, kinship };
};

/** Added to all noise: below it, how much there is cannot be told from the error of the loadings. */
const RIDGE = 0.1;

/** Signal to noise of an update, the square of its loading to the rest: information on what all learn, which adds up over trainings. */
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

/** What an update has in common with strangers, of what it has in common with each other one: with its kin it has more. */
const amongStrangers = (others: readonly Weighted[]): number => {
  const least = UNRELATED * Math.max(...others.map(({ value }) => value));
  const related = others.filter(({ value }) => value >= least);
  return related.length > 0 ? weightedQuantile(related, STRANGERS) : 0;
};

/** Share of the updates, a crowd as one, that go no farther than is usual, and of that way what is not short. */
const USUAL_WAY = 0.5;
const NOT_SHORT = 0.9;
/** Share of the updates, a crowd as one, with slopes that count as they are. */
const USUAL_SLOPE = 0.85;
/** Of the usual largest, so that quotients of two stay finite. */
const LEAST_SLOPE = 1e-40;

/**
 * Loss reductions by length, relative to the largest usual one, and no larger. The first part of a way lowers the loss most, so the shorter an update
 * the steeper: of one that goes less far than usual, along what it has in common with strangers, the length counts as half of what it has and half of
 * what it would have if it went as far. So a part of the work, or none, does not make honest work look noisy.
 */
const slopesOf = ({ cosines, norms }: Gram, gains: readonly number[], voices: readonly number[]): readonly number[] => {
  const usual = (values: readonly number[], share: number) =>
    weightedQuantile(
      values.map((value, i) => ({ value, weight: voices[i]! })),
      share,
    );
  const ways = norms.map(
    (norm, i) =>
      norm * amongStrangers(voices.flatMap((weight, j) => (j === i ? [] : [{ value: cosines[i]![j]!, weight }]))),
  );
  const far = NOT_SHORT * usual(ways, USUAL_WAY);
  const slopes = gains.map((gain, i) => {
    const short = far > 0 ? Math.max(1, far / Math.max(0, ways[i]!)) : 1;
    const slope = gain / ((norms[i]! * (1 + short)) / 2);
    return Math.max(Number.MIN_VALUE, Math.min(Number.MAX_VALUE, slope));
  });
  const steepest = usual(slopes, USUAL_SLOPE);
  return slopes.map((slope) => Math.max(LEAST_SLOPE, Math.min(1, slope / steepest)));
};

const bounded = (loading: number): number => Math.max(BOUNDS[0], Math.min(BOUNDS[1], loading));

const rootOf = (value: number): number => (value > 0 ? Math.sqrt(value) : 0);

// Products, since powers need not have the same bits everywhere.
const square = (x: number): number => x * x;
const fourth = (x: number): number => square(square(x));
const sixteenth = (x: number): number => fourth(fourth(x));
