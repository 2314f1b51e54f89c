import { reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { NONCE_WINDOW_MS } from "#shared/protocol/request.js";
import type { Log } from "#shared/telemetry/log.js";

/** What keeps a request that a server took from being taken again by the next server of the same home. */
export interface NonceMark {
  /** Servers before this one may have taken nonces up to here, and took none above. */
  readonly before: number;
  /** Whether the servers after this one will know that the nonce may have been taken; durable once it returns. */
  cover(nonce: number): boolean;
}

/**
 * By how many milliseconds a mark is put ahead, so that it is not written for every request. As long do hotkeys count as strangers after a
 * restart; longer where the clock of one of them is ahead, at most by the window of nonces.
 */
const AHEAD_MS = 2000;

/** Keeps the mark in a file. One that cannot be read stands for a server that ended just now. */
export const openNonceMark = (path: string, log: Pick<Log, "warn">, now: () => number = Date.now): NonceMark => {
  // What lies higher comes of a clock that was wrong: no such nonce is taken for longer than this anyway.
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

/** 0 where no server has run. */
const readMark = (path: string): number => {
  try {
    const text = readFileIfAny(path);
    if (text === null) return 0;
    return /^\d{1,15}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
};
