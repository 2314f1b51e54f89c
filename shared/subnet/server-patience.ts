import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_FETCH_LIMITS } from "#shared/blobs/fetch-limits.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Milliseconds that one server may cost in all: pauses while it is busy, and slow attempts that brought nothing. */
  readonly patienceMs?: number;
  /** Milliseconds after which a server that is busy is asked again. */
  readonly pauseMs?: number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** How long servers are put up with. What one has cost is never given back: who is slow for every file would cost every file. */
export interface ServerPatience {
  /** Whoever was slow once comes last. */
  inOrder(origins: Iterable<string>): readonly string[];
  /**
   * Does some work with a server, again after a pause for as long as it is busy.
   *
   * @param received bytes that are here and will not be asked for again: an attempt that brought some is paid for with them
   * @throws BlockZeroError FETCH_TIMEOUT where it has had its time
   */
  grant(origin: string, work: () => Promise<void>, received: () => number): Promise<void>;
}

/** Bytes that pay for a millisecond: the least rate of a fetch. */
const BYTES_PER_MS = DEFAULT_FETCH_LIMITS.leastBytesPerSecond / 1000;

/** An attempt that failed within so many milliseconds is an answer, and costs nothing. */
const SLOW_MS = 1_000;

export const openPatience = ({
  signal,
  patienceMs = 300_000,
  pauseMs = 5_000,
  pause = (ms, signal) => delay(ms, undefined, { signal }),
  now = () => performance.now(),
}: PatienceOptions): ServerPatience => {
  const spent = new Map<string, number>();
  const slow = new Set<string>();
  const pausing = new Map<string, Promise<void>>();
  const spend = (origin: string, ms: number) => void spent.set(origin, (spent.get(origin) ?? 0) + ms);
  const isSpent = (origin: string) => (spent.get(origin) ?? 0) >= patienceMs;

  /** Those who wait for one server at a time wait together, and it is counted once. */
  const pauseFor = (origin: string): Promise<void> => {
    const under = pausing.get(origin);
    if (under) return under;
    spend(origin, pauseMs);
    const begun = pause(pauseMs, signal).finally(() => pausing.delete(origin));
    pausing.set(origin, begun);
    return begun;
  };

  const count = (origin: string, ms: number, thrown: unknown): void => {
    if (ms < SLOW_MS && !hasCode(thrown, "FETCH_TIMEOUT")) return;
    slow.add(origin);
    spend(origin, ms);
  };

  return {
    inOrder: (origins) => [...origins].sort((a, b) => Number(slow.has(a)) - Number(slow.has(b))),
    grant: async (origin, work, received) => {
      if (isSpent(origin)) throw exhausted(origin, patienceMs);
      for (;;) {
        const begun = now();
        const before = received();
        try {
          return await work();
        } catch (thrown) {
          const paid = Math.max(0, received() - before) / BYTES_PER_MS;
          count(origin, Math.max(0, now() - begun - paid), thrown);
          if (!hasCode(thrown, "FETCH_BUSY") || isSpent(origin)) throw thrown;
        }
        await pauseFor(origin);
      }
    },
  };
};

const exhausted = (origin: string, patienceMs: number): BlockZeroError =>
  new BlockZeroError("FETCH_TIMEOUT", `${origin} was waited for ${patienceMs} ms in all`, "it is slow: try later");
