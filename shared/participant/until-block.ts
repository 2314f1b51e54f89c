import type { BlockClock } from "./block-clock.js";

/**
 * Does work that waits for other parties, with a signal that aborts when the chain reaches `block`. A server that never answers then only
 * costs its own answer, and delays no other work.
 */
export const untilBlock = async <T>(
  clock: BlockClock,
  block: number,
  signal: AbortSignal,
  work: (patience: AbortSignal) => Promise<T>,
): Promise<T> => {
  const over = new AbortController();
  const patience = AbortSignal.any([signal, over.signal]);
  const end = () => over.abort();
  void clock.reach(block, patience).then(end, end);
  try {
    return await work(patience);
  } finally {
    end();
  }
};
