import type { FetchLimits } from "./fetch-limits.js";
import { FIRST_TURN_MS } from "./fetch-turns.js";
import type { VainAttempts } from "./vain-attempts.js";

/** A location that may still have the blob. */
export interface Candidate {
  readonly location: string;
  /** Milliseconds of its next turn. */
  turnMs: number;
  /** Milliseconds for which it was asked. */
  ms: number;
  /** Bytes that it sent. */
  bytes: number;
}

/** Share of its time that a location costs whatever it sends: after a minute of bytes that may be worth nothing, who was silent before is asked again. */
const LEAST_COST = 1 / 64;

type Rate = Pick<FetchLimits, "leastBytesPerSecond">;

export const candidateAt = (location: string): Candidate => ({ location, turnMs: FIRST_TURN_MS, ms: 0, bytes: 0 });

/** Milliseconds for which it was asked beyond those that its bytes take at the least rate. */
export const unpaid = ({ ms, bytes }: Candidate, { leastBytesPerSecond }: Rate): number =>
  ms - (1000 * bytes) / leastBytesPerSecond;

/** Who cost least, for this blob and in vain for the last others, and is asked next; the first of such. Who sends little holds up nobody who sends more. */
export const cheapestOf = (candidates: readonly Candidate[], rate: Rate, vain: VainAttempts): Candidate => {
  const costOf = (candidate: Candidate): number =>
    vain.costOf(candidate.location) + Math.max(unpaid(candidate, rate), candidate.ms * LEAST_COST);
  return candidates.reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
};
