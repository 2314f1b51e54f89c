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

/** In which order the locations of one blob are asked. */
export interface AskingOrder {
  /** Whose turn is next. @param candidates those that may still have the blob, one at least */
  next(candidates: readonly Candidate[]): Candidate;
  /** A turn has ended in which the blob did not become whole. @param ms what it took, which the candidate's own count already has */
  ended(candidate: Candidate, ms: number): void;
}

/**
 * Share of its time that a location costs whatever it sends: after a minute of bytes that may be worth nothing, who was silent before is asked again.
 */
const LEAST_COST = 1 / 64;

/** Who leads loses what it has sent to another who does not go on with it: that one must be so many times as fast. */
const OVERTAKING = 1.5;

/**
 * What the leader may have had, its next turn included, for each millisecond of the others: it has at least half of the time so, as every turn
 * is twice as long as the one before.
 */
const LEADERS_SHARE = 2;

type Rate = Pick<FetchLimits, "leastBytesPerSecond">;

export const candidateAt = (location: string): Candidate => ({ location, turnMs: FIRST_TURN_MS, ms: 0, bytes: 0 });

/** Milliseconds for which it was asked beyond those that its bytes take at the least rate; below 0 if it sent faster. */
export const unpaid = ({ ms, bytes }: Pick<Candidate, "ms" | "bytes">, { leastBytesPerSecond }: Rate): number =>
  ms - (1000 * bytes) / leastBytesPerSecond;

/** What a turn of any length costs in vain, as milliseconds of a first turn, in tenths of it: nothing where all of its time was paid by bytes. */
export const costOfTurn = (turn: Pick<Candidate, "ms" | "bytes">, rate: Rate): number => {
  const share = Math.max(0, unpaid(turn, rate)) / turn.ms;
  return (FIRST_TURN_MS * Math.round(10 * share)) / 10;
};

/**
 * Who sends most for its time leads, and has half of the time, less where it sends less than it must: else each of many fast servers would send
 * most of the blob. The other half is for those who were not asked yet, first those who cost least in vain for the last other blobs, then for who
 * cost least for this one: what the leader sends may be worth nothing. What was in vain before only says who is asked first.
 */
export const askingOrder = (rate: Rate, vain: VainAttempts): AskingOrder => {
  let leader: Candidate | undefined;
  let ledMs = 0;
  let triedMs = 0;
  /** What a millisecond of it counts, as it sends less than it must. */
  const weightOf = ({ ms, bytes }: Candidate) => Math.max(1, (rate.leastBytesPerSecond * ms) / (1000 * bytes));
  const costOf = (candidate: Candidate) => Math.max(unpaid(candidate, rate), candidate.ms * LEAST_COST);
  return {
    next: (candidates) => {
      leader = leaderOf(candidates, leader);
      if (leader && ledMs + weightOf(leader) * leader.turnMs <= LEADERS_SHARE * triedMs) return leader;
      const untried = candidates.filter(({ ms }) => ms === 0);
      return untried.length > 0
        ? leastOf(untried, ({ location }) => vain.costOf(location))
        : leastOf(candidates, costOf);
    },
    ended: (candidate, ms) => {
      if (candidate === leader) ledMs += ms * weightOf(candidate);
      else triedMs += ms;
    },
  };
};

/** Who sent most for its time. The former leader stays it until another is faster by far. */
const leaderOf = (candidates: readonly Candidate[], former: Candidate | undefined): Candidate | undefined => {
  const rateOf = (one: Candidate) => (one === former ? OVERTAKING : 1) * (one.bytes / one.ms);
  const sending = candidates.filter(({ bytes }) => bytes > 0);
  return sending.length > 0 ? leastOf(sending, (one) => -rateOf(one)) : undefined;
};

/** The first of those that cost least. */
const leastOf = (candidates: readonly Candidate[], costOf: (candidate: Candidate) => number): Candidate =>
  candidates.reduce((best, one) => (costOf(one) < costOf(best) ? one : best));
