import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";

export interface FetchLimits {
  /** For one blob from one location, everything included, in milliseconds. */
  readonly timeoutMs: number;
  /** Interval at which the rate is checked, in milliseconds. */
  readonly windowMs: number;
  /** A lower rate in two consecutive windows is too slow. */
  readonly minBytesPerSecond: number;
}

export interface FetchWatch {
  /** Aborts with FETCH_TIMEOUT. */
  readonly signal: AbortSignal;
  stop(): void;
}

/**
 * Watches one fetch. Aborts it if it takes too long, or if its rate is too low. One slow window is allowed, because the program itself may
 * have been too busy to read.
 *
 * @param received bytes so far
 */
export const watchFetch = (location: string, received: () => number, limits: FetchLimits): FetchWatch => {
  const { timeoutMs, windowMs, minBytesPerSecond } = limits;
  const controller = new AbortController();
  const cut = (problem: string) =>
    controller.abort(new BlockZeroError("FETCH_TIMEOUT", `${quote(location)} ${problem}`, "it is slow: try later"));
  const deadline = setTimeout(() => cut(`took longer than ${timeoutMs} ms`), timeoutMs);
  let seen = received();
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
