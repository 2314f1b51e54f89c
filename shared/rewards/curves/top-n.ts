import { leadersAndRest, type RewardCurve } from "./curve.js";

export interface TopN {
  /** Number of places that share what is not the floor. */
  readonly n: number;
  /** How pay falls from place to place: each place earns `ratio` times as much as the next, or place p earns p^−exponent. */
  readonly decay: { readonly ratio: number } | { readonly exponent: number };
  /** Share of the pool for the later places, in proportion to their scores. */
  readonly floor: number;
}

/**
 * Top-N take-most. Among the first `n` only places count, so a better score earns more only if it overtakes another: pay jumps at ties. A
 * miner without a positive score earns nothing.
 */
export const topN = ({ n, decay, floor }: TopN): RewardCurve => {
  const partOf =
    "ratio" in decay ? (place: number) => decay.ratio ** -place : (place: number) => (place + 1) ** -decay.exponent;
  return (scores, independence) =>
    leadersAndRest(scores, independence, { leaders: { end: n, partOf }, partBehind: (score) => score, rest: floor });
};
