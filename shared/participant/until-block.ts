import { joinSignals } from "#shared/util/join-signals.js";
import type { BlockClock } from "./block-clock.js";

/**
 * Does work that waits for other parties, with a signal that aborts when the chain reaches `block`, or `signal` does. A server that never answers
 * then only costs its own answer, and delays no other work.
 */
export const untilBlock = async <T>(
  clock: BlockClock,
  block: number,
  signal: AbortSignal,
  work: (until: AbortSignal) => Promise<T>,
): Promise<T> => {
  const over = new AbortController();
  const release = joinSignals(over, signal);
  const end = () => over.abort();
  void clock.reach(block, over.signal).then(end, end);
  try {
    return await work(over.signal);
  } finally {
    release();
    end();
  }
};
