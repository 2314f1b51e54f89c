import type { MeasuringTime } from "#shared/scoring/measuring-time.js";
import { measureSteps } from "#shared/scoring/steps/measure-steps.js";

/** Parts of an update's length that are held against each other, the whole among them. */
const PARTS = [1, 1 / 2, 1 / 4, 1 / 8];

/** That each is measured on at most: with the base, 160 forward passes. */
const MOST_BATCHES = 32;

/** Batches that are drawn at once, and how many such lots there are. */
const LOT = 8;
export const LOTS = MOST_BATCHES / LOT;

/** Over all parts and looks together, that none is found better than no update that is not. */
const CONFIDENCE = 0.95;

/** A part of an update that lowers the loss, and by how much. */
export interface BestPart {
  readonly part: number;
  /** Mean over the batches, nats a token. */
  readonly lossReduction: number;
  readonly standardError: number;
  readonly batches: number;
}

export interface PartMeter {
  /**
   * Losses of that lot of so many batches with a part of the update added, or with none (null): the same batches whatever the part. Lots are
   * counted from 0 to below `LOTS`.
   */
  readonly losses: (part: number | null, lot: number, batches: number) => Promise<readonly number[]>;
  readonly time?: MeasuringTime;
}

/**
 * The part of an update that is worth committing where the whole may have gone too far: the whole, a half, a quarter and an eighth race as
 * validators have steps race, and of those that are surely better than none the farthest with three quarters of the greatest gain is taken.
 *
 * @returns null if none is surely better, or none could be measured in time
 */
export const bestPart = async ({ losses, time }: PartMeter): Promise<BestPart | null> => {
  const { best, reductions } = await measureSteps({
    rules: { confidence: CONFIDENCE, batches: MOST_BATCHES },
    reaches: PARTS,
    time,
    async losses(candidate, from, to) {
      const measured: number[] = [];
      for (let lot = Math.floor(from / LOT); lot * LOT < to; lot++) {
        const drawn = await losses(candidate === null ? null : PARTS[candidate]!, lot, LOT);
        measured.push(...drawn.slice(Math.max(0, from - lot * LOT), to - lot * LOT));
      }
      return measured;
    },
  });
  if (best === null) return null;
  const { mean, standardError, batches } = reductions[best]!;
  return { part: PARTS[best]!, lossReduction: mean, standardError, batches };
};
