import type { Head } from "#shared/chain/chain.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import type { BlockClock } from "../block-clock.js";

/** How long a chain's blocks take, as its own timestamps say. */
export interface BlockTime {
  /** Milliseconds; waits for as many blocks as it needs to know. Rejects on abort. */
  measured(signal: AbortSignal): Promise<number>;
}

/** Intervals that are remembered, and how many make a figure: one alone may hide a skipped slot. */
const KEPT = 32;
const ENOUGH = 2;

/** Watches heads until the signal aborts. */
export const watchBlockTime = (clock: BlockClock, signal: AbortSignal): BlockTime => {
  const intervals: number[] = [];
  let last: Head = clock.head;
  clock.onHead((head) => {
    const blocks = head.number - last.number;
    if (blocks > 0) intervals.push((head.timestamp - last.timestamp) / blocks);
    intervals.splice(0, intervals.length - KEPT);
    last = head;
  }, signal);
  return {
    async measured(until) {
      while (intervals.length < ENOUGH) await clock.reach(clock.head.number + 1, until);
      // The lower median: to take a block for longer than it is would put a reveal too late, which costs the weights.
      return lowerMedian(intervals);
    },
  };
};
