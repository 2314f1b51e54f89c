import { mean } from "#shared/util/mean.js";
import type { Gram } from "./gram.js";
import { square } from "./powers.js";

/** What trainings of the validator's own, which nobody else has seen, tell of the updates. */
export interface WitnessCosines {
  readonly count: number;
  /** A witness's part along the common signal, in (0, 1]. */
  readonly loading: number;
  /** Of each update the mean of its cosines with the witnesses. */
  readonly cosines: readonly number[];
  /** Variance that chance makes of such a mean: how much the witnesses differ about single updates, beyond what one says more of all of them. */
  readonly variance: number;
}

/** What has less in common may have it by chance: a sketch gets a cosine wrong by 0.008. */
const LEAST_COSINE = 0.05;

/**
 * What the witnesses at `places` tell of the updates at `counted`. Witnesses have nothing in common but the signal, so the cosine of two of them is
 * the square of their loading.
 *
 * @returns null where fewer than two have a length, or where they have next to nothing in common: who cannot tell its own trainings from noise
 *   cannot judge others by them
 */
export const witnessCosinesOf = (
  { cosines, norms }: Pick<Gram, "cosines" | "norms">,
  places: readonly number[],
  counted: readonly number[],
): WitnessCosines | null => {
  const present = places.filter((place) => norms[place]! > 0);
  const likeness = mean(present.flatMap((one, at) => present.slice(0, at).map((other) => cosines[one]![other]!)));
  if (!(likeness >= LEAST_COSINE)) return null;
  const means = counted.map((i) => mean(present.map((place) => cosines[place]![i]!)));
  const squares = present.map((place) => {
    const apart = counted.map((i, at) => cosines[place]![i]! - means[at]!);
    const ofAll = mean(apart);
    return apart.reduce((sum, one) => sum + square(one - ofAll), 0);
  });
  const freedom = (present.length - 1) * (counted.length - 1);
  return {
    count: present.length,
    loading: Math.sqrt(likeness),
    cosines: means,
    variance: squares.reduce((sum, one) => sum + one, 0) / freedom / present.length,
  };
};
