import type { Network } from "#shared/protocol/network.js";
import { toScore } from "#shared/scoring/proof-of-loss.js";
import { type FullBound, fullBound } from "#shared/scoring/racing/full-bound.js";
import { type Lap, planLaps } from "#shared/scoring/racing/laps.js";
import { raceRules } from "#shared/scoring/racing/rules.js";

/** What a validator's report says of an update that it scored. */
export interface Figures {
  readonly lossReduction: number;
  readonly standardError: number;
  readonly batches: number;
  readonly growth: number;
  readonly score: number;
}

/** A report's figures, where it has all of them. */
export const figuresOf = ({
  lossReduction,
  standardError,
  batches,
  growth,
  score,
}: {
  readonly [Name in keyof Figures]: Figures[Name] | null;
}): Figures | null =>
  lossReduction === null || standardError === null || batches === null || growth === null || score === null
    ? null
    : { lossReduction, standardError, batches, growth, score };

/**
 * How a score comes of its figures: `(lowerBound · growth) ^ exponent`, or 0 without a growth. The bound is that of a full evaluation, also
 * where fewer batches were enough.
 */
export interface Derivation extends FullBound {
  /** Batches of a full evaluation, and the one-sided confidence of its bound. */
  readonly batches: number;
  readonly confidence: number;
  readonly exponent: number;
  /**
   * By how much the bounds of the miners grew that were measured further: whoever left earlier keeps its proportion to them. 1 after all
   * batches. Null where it earns nothing: the bound is not above zero, or no look at it recognised an improvement.
   */
  readonly growth: number | null;
  /** The score that the figures give. Where it is another than the report's, the report contradicts itself. */
  readonly score: number;
}

/** Difference of scores, relative, that arithmetic may leave. */
const ROUNDING = 1e-9;

/** The bound that pays, of a full evaluation: a race's looks before its last one have their own shares of the error. */
export const lastLook = (scoring: Network["scoring"]): Lap => planLaps(raceRules(scoring)).at(-1)!;

export const derivationOf = (figures: Figures, scoring: Network["scoring"]): Derivation => {
  const last = lastLook(scoring);
  const bound = fullBound(figures, last);
  const { exponent } = scoring;
  const growth = growthOf(figures, { lowerBound: bound.lowerBound, all: last.batches });
  const score = growth === null ? 0 : toScore(bound.lowerBound * growth, exponent);
  return { ...bound, ...last, exponent, growth, score };
};

/** Who left early with a score of zero was recognised at no look. */
const growthOf = (
  { score, batches, growth }: Figures,
  { lowerBound, all }: { readonly lowerBound: number; readonly all: number },
): number | null => (lowerBound <= 0 || (batches < all && score <= 0) ? null : growth);

/** Whether a report's score is the one that its own figures give. */
export const isConsistent = ({ score }: Derivation, figures: Figures): boolean =>
  Math.abs(score - figures.score) <= ROUNDING * Math.max(score, figures.score);
