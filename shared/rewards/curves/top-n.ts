import { leadersAndRest, type RewardCurve } from "./curve.js";

export interface TopN {
  /** Places that share what is not the floor. */
  readonly n: number;
  /** How pay falls from place to place: each earns `ratio` times what the next does, or place p earns p^−exponent. */
  readonly decay: { readonly ratio: number } | { readonly exponent: number };
  /** Share of the pool for the places behind, in proportion to their scores. */
  readonly floor: number;
}

/**
 * Top-N take-most. Only places count among the first `n`, so a better score earns more only where it overtakes: it jumps at ties.
 * Whoever has no positive score earns nothing.
 */
export const topN = ({ n, decay, floor }: TopN): RewardCurve => {
  const partOf =
    "ratio" in decay ? (place: number) => decay.ratio ** -place : (place: number) => (place + 1) ** -decay.exponent;
  return (scores) => {
    const parts = scores.map((score, place) => (score > 0 ? (place < n ? partOf(place) : score) : 0));
    return leadersAndRest(parts, n, floor);
  };
};
