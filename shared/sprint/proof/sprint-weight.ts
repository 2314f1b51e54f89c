import { lowerMedian } from "#shared/util/lower-median.js";

/** Cycles of a host's own history that bound its growth. */
const HISTORY = 3;

/** What a host's weight is made of. All are in nonces. */
export interface WeightInputs {
  /** V·D of proof A, or N of proof B, as settled. */
  readonly measured: number;
  /** Weights of the host's earlier Sprints, the latest last. */
  readonly history: readonly number[];
  /** Results of the cycle's random confirmations, 0 for one that was missed. Empty if the host was asked for none. */
  readonly confirmations: readonly number[];
}

/** What bounds a host's weight. */
export type Bound = "measured" | "growth" | "confirmed";

export interface SprintWeight {
  readonly weight: number;
  readonly bound: Bound;
}

/**
 * A host's weight of a cycle: the least of what was measured, 1.25 times the median of its last three weights above zero, and the least of its
 * random confirmations. A newcomer has no history, which bounds nothing: it is paid at once. Integers, rounded down.
 */
export const sprintWeight = ({ measured, history, confirmations }: WeightInputs): SprintWeight => {
  const recent = history.filter((weight) => weight > 0).slice(-HISTORY);
  const growth = recent.length === 0 ? Infinity : Math.floor((5 * lowerMedian(recent)) / 4);
  const confirmed = Math.min(Infinity, ...confirmations);
  const weight = Math.min(measured, growth, confirmed);
  const bound = weight === measured ? "measured" : weight === growth ? "growth" : "confirmed";
  return { weight, bound };
};
