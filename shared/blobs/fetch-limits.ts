import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";

export interface FetchLimits {
  /** Time for one blob from one location that needs no bytes, in milliseconds: to answer, and to be slow now and then. */
  readonly graceMs: number;
  /** Beside the grace, the bytes received must have come at this rate on average. So a blob of any size has the time that it needs. */
  readonly leastBytesPerSecond: number;
  /** Interval at which a standstill is looked for, in milliseconds. */
  readonly windowMs: number;
  /** A lower rate in two consecutive windows is a standstill. */
  readonly minBytesPerSecond: number;
}

/** 4 Mbit/s: 1 GiB may take 34 minutes. Whoever sends no more than the least that is no standstill is cut after the grace. */
export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  graceMs: 120_000,
  leastBytesPerSecond: 512 << 10,
  windowMs: 5_000,
  minBytesPerSecond: 4096,
};

export interface FetchWatch {
  /** Aborts with FETCH_TIMEOUT. */
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Watches one fetch. Aborts it if it stands still, or once it has taken longer than the grace and the time of its bytes at the least rate. One slow
 * window is allowed, because the program itself may have been too busy to read.
 *
 * @param received bytes so far
 * @param now      milliseconds of a monotonic clock
 */
export const watchFetch = (
  location: string,
  received: () => number,
  { graceMs, leastBytesPerSecond, windowMs, minBytesPerSecond }: FetchLimits,
  now: () => number = () => performance.now(),
): FetchWatch => {
  const controller = new AbortController();
  const cut = (problem: string) =>
    controller.abort(new BlockZeroError("FETCH_TIMEOUT", `${quote(location)} ${problem}`, "it is slow: try later"));
  const begun = { at: now(), bytes: received() };
  const left = (): number => {
    // Bytes of an earlier attempt may have been given up meanwhile.
    const bytes = Math.max(0, received() - begun.bytes);
    return begun.at + graceMs + (1000 * bytes) / leastBytesPerSecond - now();
  };
  const check = () => {
    const milliseconds = left();
    if (milliseconds > 0) deadline = setTimeout(check, Math.ceil(milliseconds));
    else cut(`took longer than ${graceMs} ms and sent less than ${leastBytesPerSecond} bytes a second`);
  };
  let deadline = setTimeout(check, graceMs);
  let seen = begun.bytes;
  let slow = 0;
  const rate = setInterval(() => {
    const bytes = received() - seen;
    seen = received();
    slow = bytes < (minBytesPerSecond * windowMs) / 1000 ? slow + 1 : 0;
    if (slow === 2) cut(`sends less than ${minBytesPerSecond} bytes a second`);
  }, windowMs);
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(deadline);
      clearInterval(rate);
    },
  };
};
