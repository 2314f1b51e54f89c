import { reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { NONCE_WINDOW_MS } from "#shared/protocol/request.js";
import type { Log } from "#shared/telemetry/log.js";

/** Prevents a request that a server accepted from being accepted again by the next server of the same home. */
export interface NonceMark {
  /** Earlier servers may have accepted nonces up to this value, and accepted none above it. */
  readonly before: number;
  /** Whether later servers will know that the nonce may have been accepted. Durable once it returns. */
  cover(nonce: number): boolean;
}

/**
 * Milliseconds by which the mark is set ahead, so that it is not written for every request. After a restart, hotkeys count as strangers for
 * this long. If a hotkey's clock is ahead, they count as strangers for longer, at most by the window of nonces.
 */
const AHEAD_MS = 2000;

/** Keeps the mark in a file. If the file cannot be read, assumes that an earlier server ended just now. */
export const openNonceMark = (path: string, log: Pick<Log, "warn">, now: () => number = Date.now): NonceMark => {
  // A higher mark comes from a wrong clock. No server accepts a nonce above this value.
  const highest = now() + NONCE_WINDOW_MS + AHEAD_MS;
  const before = Math.min(readMark(path), highest);
  let mark = before;
  let isTold = false;
  return {
    before,
    cover: (nonce) => {
      if (nonce <= mark) return true;
      try {
        writeFileAtomic(path, String(nonce + AHEAD_MS));
      } catch (thrown) {
        if (!isTold)
          log.warn("cannot note which requests were taken: hotkeys count as strangers", {
            path,
            reason: reasonOf(thrown),
          });
        isTold = true;
        return false;
      }
      mark = nonce + AHEAD_MS;
      isTold = false;
      return true;
    },
  };
};

/** 0 if no server has run. */
const readMark = (path: string): number => {
  try {
    const text = readFileIfAny(path);
    if (text === null) return 0;
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};
