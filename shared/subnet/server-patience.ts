import { setTimeout as delay } from "node:timers/promises";
import { DEFAULT_FETCH_LIMITS } from "#shared/blobs/fetch-limits.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { keepNewest } from "#shared/util/keep-newest.js";

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Milliseconds that one server may cost in all: pauses while it is busy, and slow attempts that brought nothing. */
  readonly patienceMs?: number;
  /** Milliseconds after which a server that is busy is asked again. */
  readonly pauseMs?: number;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /**
   * Whether it is asked for nothing but what it announced itself. A hotkey may name another server in each cycle, so all of these together cost no
   * more than one. Default: none is.
   */
  readonly isAnnouncer?: (origin: string) => boolean;
  /** Who was slow the last time, where that is known longer than what each has cost. */
  readonly slow?: Set<string>;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * How long servers are put up with. What one has cost is never given back: who is slow for every file would cost every file. Once announcers have had
 * their time together, each is still asked, for two seconds, and not waited for while it is busy.
 */
export interface ServerPatience {
  /** Whoever was slow the last time comes last. */
  inOrder(origins: Iterable<string>): readonly string[];
  /**
   * Does some work with a server, again after a pause for as long as it is busy.
   *
   * @param received bytes that are here and will not be asked for again: an attempt that brought some is paid for with them
   * @throws BlockZeroError FETCH_TIMEOUT where it has had its time
   */
  grant(origin: string, work: Work, received: () => number): Promise<void>;
  /**
   * The same, once.
   *
   * @param isShort whether it may cost no more than two seconds, for others are there who were not asked
   * @throws BlockZeroError FETCH_TIMEOUT where it has had its time, or did
   */
  attempt(origin: string, work: Work, received: () => number, isShort: boolean): Promise<void>;
  /** Waits until a server that was busy may be asked again. @returns false where it has had its time */
  pause(origin: string): Promise<boolean>;
}

/** Ends when the signal aborts, with its reason. */
type Work = (over?: AbortSignal) => Promise<void>;

/** Bytes that pay for a millisecond: the least rate of a fetch. */
const BYTES_PER_MS = DEFAULT_FETCH_LIMITS.leastBytesPerSecond / 1000;

/** An attempt that failed within so many milliseconds is an answer, and costs nothing. */
const SLOW_MS = 1_000;

/** Milliseconds that a short attempt may cost. */
const SHORT_MS = 2_000;

/** Servers that are remembered as slow, the newest. */
const MOST_SLOW = 4096;

export const openPatience = ({
  signal,
  patienceMs = 300_000,
  pauseMs = 5_000,
  pause = (ms, signal) => delay(ms, undefined, { signal }),
  isAnnouncer = () => false,
  slow = new Set(),
  now = () => performance.now(),
}: PatienceOptions): ServerPatience => {
  const spent = new Map<string, number>();
  let spentOnAnnouncers = 0;
  const pausing = new Map<string, Promise<void>>();
  const spend = (origin: string, ms: number) => {
    spent.set(origin, (spent.get(origin) ?? 0) + ms);
    if (isAnnouncer(origin)) spentOnAnnouncers += ms;
  };
  const isSpent = (origin: string) => (spent.get(origin) ?? 0) >= patienceMs;
  const isHurried = (origin: string) => isAnnouncer(origin) && spentOnAnnouncers >= patienceMs;

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
    keepNewest(slow, MOST_SLOW);
    spend(origin, ms);
  };

  const once = async (origin: string, work: Work, received: () => number, isShort: boolean): Promise<void> => {
    const begun = now();
    const before = received();
    const cost = () => Math.max(0, now() - begun - Math.max(0, received() - before) / BYTES_PER_MS);
    const over = new AbortController();
    const watch = () => {
      if (cost() >= SHORT_MS) over.abort(late(origin));
    };
    const timer = isShort || isHurried(origin) ? setInterval(watch, SHORT_MS / 8) : undefined;
    try {
      await work(over.signal);
      if (cost() < SLOW_MS) slow.delete(origin);
    } catch (thrown) {
      count(origin, cost(), thrown);
      throw thrown;
    } finally {
      clearInterval(timer);
    }
  };

  return {
    inOrder: (origins) => [...origins].sort((a, b) => Number(slow.has(a)) - Number(slow.has(b))),
    grant: async (origin, work, received) => {
      if (isSpent(origin)) throw exhausted(origin, patienceMs);
      for (;;) {
        try {
          return await once(origin, work, received, false);
        } catch (thrown) {
          if (!hasCode(thrown, "FETCH_BUSY") || isSpent(origin) || isHurried(origin)) throw thrown;
        }
        await pauseFor(origin);
      }
    },
    attempt: async (origin, work, received, isShort) => {
      if (isSpent(origin)) throw exhausted(origin, patienceMs);
      await once(origin, work, received, isShort);
    },
    pause: async (origin) => {
      if ((spent.get(origin) ?? 0) + pauseMs >= patienceMs || isHurried(origin)) return false;
      await pauseFor(origin);
      return true;
    },
  };
};

const late = (origin: string): BlockZeroError =>
  new BlockZeroError("FETCH_TIMEOUT", `${origin} sends little or nothing`, "it is slow: try later");

const exhausted = (origin: string, patienceMs: number): BlockZeroError =>
  new BlockZeroError("FETCH_TIMEOUT", `${origin} was waited for ${patienceMs} ms in all`, "it is slow: try later");
