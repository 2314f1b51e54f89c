import type { Head } from "#shared/chain/chain.js";
import { lowerMedian } from "#shared/util/lower-median.js";
import type { BlockClock } from "../block-clock.js";

/** The time between a chain's blocks, by the chain's own timestamps. */
export interface BlockTime {
  /** Milliseconds. Waits for as many blocks as it needs. Rejects on abort. */
  measured(signal: AbortSignal): Promise<number>;
}

/** Number of intervals kept, and the least number for a result: a single interval may hide a skipped slot. */
const KEPT = 32;
const ENOUGH = 2;

/** Reads heads until the signal aborts. */
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
      // The lower median: an overestimate of the block time would reveal too late, and lose the weights.
      return lowerMedian(intervals);
    },
  };
};
