import { median } from "../median.js";

/** Resident bytes after some steps. */
export interface Sample {
  readonly steps: number;
  readonly bytes: number;
}

export interface Growth {
  /** The lowest sample of the first window. */
  readonly level: number;
  /** Bytes a step by which the floor rises; negative where it falls. */
  readonly slope: number;
  /** That over as many steps as growth is told for, relative to the level. */
  readonly share: number;
}

/** Steps that growth is told for. */
export const PER = 1_000;
/** Growth over that many steps that is a leak. */
export const LIMIT = 0.01;

/** Equal stretches of the samples, each with a floor of its own. */
export const WINDOWS = 12;

/**
 * How resident memory grows. Allocators take pages and give them back, so the samples jump upwards; a leak raises the floor under them.
 * The floor is the lowest sample of each of some equal windows, its slope the median of the slopes between all pairs of windows
 * (Theil 1950, Sen 1968), which a few windows that never came down do not move.
 * @param samples at least one
 */
export const growthOf = (samples: readonly Sample[]): Growth => {
  const width = Math.ceil(samples.length / WINDOWS);
  const floor: Sample[] = [];
  for (let begin = 0; begin < samples.length; begin += width) {
    floor.push(
      samples.slice(begin, begin + width).reduce((least, sample) => (sample.bytes < least.bytes ? sample : least)),
    );
  }
  const slopes = floor.flatMap((a, i) =>
    floor.slice(i + 1).map((b) => (b.bytes - a.bytes) / Math.max(1, b.steps - a.steps)),
  );
  const level = floor[0]!.bytes;
  const slope = slopes.length === 0 ? 0 : median(slopes);
  return { level, slope, share: (slope * PER) / level };
};

export const isLeak = ({ share }: Growth): boolean => share >= LIMIT;
