import type { Head } from "../chain.js";
import type { Clock } from "../clock.js";

/** Age at which a head is stale: ten blocks of twelve seconds. */
export const STALE_HEAD_MS = 120_000;

/** Whether a node's newest block is older than that of a live chain would be. Block 0 has no age. */
export const isStale = (head: Head, now: number, staleMs: number): boolean =>
  head.number > 0 && head.timestamp < now - staleMs;

export interface HeadWatch {
  /** Call on a new head, or on a new connection. Both restart the full time. */
  restart(): void;
  stop(): void;
}

/** Calls back whenever no head arrived for `staleMs`. */
export const watchHeads = (clock: Clock, staleMs: number, onStale: () => void): HeadWatch => {
  let cancel = () => {};
  const restart = () => {
    cancel();
    cancel = clock.after(staleMs, () => {
      restart();
      onStale();
    });
  };
  return { restart, stop: () => cancel() };
};
