import type { Network } from "#shared/protocol/network.js";
import { toScore } from "#shared/scoring/proof-of-loss.js";
import { type FullBound, fullBound } from "#shared/scoring/racing/full-bound.js";
import { type Lap, planLaps } from "#shared/scoring/racing/laps.js";
import { raceRules } from "#shared/scoring/racing/rules.js";

/** The figures that a validator's report gives for an update that it scored. */
export interface Figures {
  readonly lossReduction: number;
  readonly standardError: number;
  readonly batches: number;
  readonly growth: number;
  readonly score: number;
}

/** A report's figures, or null if one is missing. */
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
 * How a score follows from its figures: `(lowerBound · growth) ^ exponent`, or 0 if there is no growth. The bound is that of a full
 * evaluation, also if fewer batches were enough.
 */
export interface Derivation extends FullBound {
  /** Batches of a full evaluation, and the one-sided confidence of its bound. */
  readonly batches: number;
  readonly confidence: number;
  readonly exponent: number;
  /**
   * The factor by which the bounds of the miners grew that were measured further. A miner that left the race earlier keeps its proportion
   * to them. 1 after all batches. Null if the miner earns nothing: its bound is not above zero, or no look recognised an improvement.
   */
  readonly growth: number | null;
  /** The score that the figures give. If it differs from the report's score, the report contradicts itself. */
  readonly score: number;
}

/** Relative difference of two scores that rounding may cause. */
const ROUNDING = 1e-9;

/** The bound that pays: that of a full evaluation. The earlier looks of a race have their own shares of the error probability. */
export const lastLook = (scoring: Network["scoring"]): Lap => planLaps(raceRules(scoring)).at(-1)!;

export const derivationOf = (figures: Figures, scoring: Network["scoring"]): Derivation => {
  const last = lastLook(scoring);
  const bound = fullBound(figures, last);
  const { exponent } = scoring;
  const growth = growthOf(figures, { lowerBound: bound.lowerBound, all: last.batches });
  const score = growth === null ? 0 : toScore(bound.lowerBound * growth, exponent);
  return { ...bound, ...last, exponent, growth, score };
};

/** A miner that left early with a score of zero was recognised at no look. */
const growthOf = (
  { score, batches, growth }: Figures,
  { lowerBound, all }: { readonly lowerBound: number; readonly all: number },
): number | null => (lowerBound <= 0 || (batches < all && score <= 0) ? null : growth);

/** Whether a report's score equals the one that its own figures give. */
export const isConsistent = ({ score }: Derivation, figures: Figures): boolean =>
  Math.abs(score - figures.score) <= ROUNDING * Math.max(score, figures.score);
