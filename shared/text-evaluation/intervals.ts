import { createRandom } from "#shared/data/random.js";

/** An estimate and its 95 % confidence interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** What one unit (a document, a window, a question) adds to the two sums of a ratio. */
export interface Share {
  readonly numerator: number;
  readonly denominator: number;
}

const RESAMPLES = 2000;
const COVERAGE = 0.95;
/** The 97.5th percentile of the normal distribution. */
const Z = 1.959963984540054;

/**
 * Σ numerators / Σ denominators, with the percentile bootstrap over units (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter
 * 13): 2,000 resamples. The same units give the same interval.
 */
export const ratioInterval = (units: readonly Share[]): Interval =>
  bootstrap(units.length, (draw) => ratio(units, draw));

/** The ratio of the second minus that of the first over the same units: each resample takes the same units of both. */
export const ratioDifference = (first: readonly Share[], second: readonly Share[]): Interval =>
  bootstrap(first.length, (draw) => ratio(second, draw) - ratio(first, draw));

/** A share of successes, with the score interval (Wilson 1927). */
export const wilsonInterval = (successes: number, trials: number): Interval => {
  const share = successes / trials;
  const scale = 1 + Z ** 2 / trials;
  const centre = (share + Z ** 2 / (2 * trials)) / scale;
  const half = (Z / scale) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2));
  return { estimate: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
};

const bootstrap = (units: number, statistic: (draw: ArrayLike<number>) => number): Interval => {
  const random = createRandom("blockzero bootstrap");
  const draw = new Uint32Array(units);
  const samples = Float64Array.from({ length: RESAMPLES }, () => {
    for (let i = 0; i < units; i++) draw[i] = random.below(units);
    return statistic(draw);
  }).sort();
  const at = (share: number) => samples[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))]!;
  const tail = (1 - COVERAGE) / 2;
  return { estimate: statistic(Uint32Array.from({ length: units }, (_, i) => i)), low: at(tail), high: at(1 - tail) };
};

const ratio = (units: readonly Share[], draw: ArrayLike<number>): number => {
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < draw.length; i++) {
    numerator += units[draw[i]!]!.numerator;
    denominator += units[draw[i]!]!.denominator;
  }
  return numerator / denominator;
};
