import { incompleteBetaQuantile } from "#shared/util/incomplete-beta.js";

/**
 * The cosine c that a random direction of `dimensions` dimensions has with a fixed one at least with probability 1/odds: (1 + c)/2 is
 * Beta((n − 1)/2, (n − 1)/2) for a uniform point of the sphere.
 */
export const cosineAt = (dimensions: number, odds: number): number => {
  const half = (dimensions - 1) / 2;
  return 1 - 2 * incompleteBetaQuantile(1 / odds, half, half);
};

/** The distance of two unit vectors of that cosine: r = √(2(1 − c)). */
export const distanceAt = (dimensions: number, odds: number): number => Math.sqrt(2 * (1 - cosineAt(dimensions, odds)));

/** A threshold's unit: a cosine is a whole number of ten-millionths. */
export const COSINE_PARTS = 10_000_000;

/**
 * The threshold of a Sprint: the cosine of a centred output with the target that one nonce in `odds` reaches, in ten-millionths, so that
 * everybody has the same. Centred vectors of width d have d − 1 dimensions.
 */
export const thresholdOf = (width: number, odds: number): number =>
  odds === 1 ? -COSINE_PARTS : Math.round(COSINE_PARTS * cosineAt(width - 1, odds));
