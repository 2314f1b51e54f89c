import type { Matrix } from "./gram.js";
import { square } from "./powers.js";

/** The parts of an update that is scaled to length 1. */
export interface Makeup {
  /** The loading of each update: its part along the common signal, in (0, 1). One minus its square is the noise of its own training. */
  readonly loadings: readonly number[];
  /** Correlations between the noises, 1 on the diagonal: 1 for copies, about 0 for independent trainings. */
  readonly kinship: Matrix;
}

/** Bounds of the loadings: every update has a little noise. */
const BOUNDS = [0.01, 0.99] as const;

export const bounded = (loading: number): number => Math.max(BOUNDS[0], Math.min(BOUNDS[1], loading));

/** Added to all noise. Smaller noise cannot be told from the error of the loadings. */
const RIDGE = 0.1;

/**
 * Signal to noise ratio of an update: the square of its loading, divided by the rest. It is the information about the common signal, and
 * adds up over independent trainings.
 */
export const precisionOf = (loading: number): number => square(loading) / (1 - square(loading) + RIDGE);

/** The correlation of the noises of two updates of these loadings, in [−1, 1]: what they have in common beside the signal. */
export const kinOf = (cosine: number, one: number, other: number): number => {
  const kin = (cosine - one * other) / (Math.sqrt(1 - square(one)) * Math.sqrt(1 - square(other)));
  return Math.max(-1, Math.min(1, kin));
};

/** Of each pair, 1 on the diagonal. */
export const kinshipOf = (cosines: Matrix, loadings: readonly number[]): Matrix =>
  cosines.map((row, i) => row.map((cosine, j) => (i === j ? 1 : kinOf(cosine, loadings[i]!, loadings[j]!))));

/** The same without what is below 0: who is the contrary of others does not make them fewer. */
export const positive = (kinship: Matrix): Matrix => kinship.map((row) => row.map((one) => Math.max(0, one)));

/** As how many updates each one's kin count, itself included: about k among k copies, 1 for a stranger to all. */
export const kinCountsOf = (kinship: Matrix): readonly number[] =>
  kinship.map((row) =>
    Math.max(
      1,
      row.reduce((sum, kin) => sum + kin, 0),
    ),
  );
