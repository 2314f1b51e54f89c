/** Which of several endpoints to try next, and when. It goes in rounds, and waits longer in each round. */
export interface EndpointRotation {
  readonly current: string;
  /** Whether more than one endpoint may still be tried. */
  readonly hasOthers: boolean;
  /** Whether every endpoint has failed since the last success. */
  readonly isDesperate: boolean;
  /** Moves on to the next endpoint. @returns milliseconds to wait before trying it */
  next(): number;
  succeeded(): void;
  /** Never tries the current endpoint again. Call it only if `hasOthers`; then `next` moves to another endpoint. */
  exclude(): void;
}

export const FIRST_DELAY_MS = 50;
export const LAST_DELAY_MS = 10_000;

/**
 * Exponential backoff with jitter: the delay doubles with every round up to `LAST_DELAY_MS`. A random part of it, up to half, is
 * subtracted, so that the clients of a node that comes back do not all connect at once.
 * @param random uniform in [0, 1)
 */
export const rotateEndpoints = (endpoints: readonly string[], random: () => number): EndpointRotation => {
  let usable = [...endpoints];
  let at = 0;
  let failures = 0;
  return {
    get current() {
      return usable[at]!;
    },
    get hasOthers() {
      return usable.length > 1;
    },
    get isDesperate() {
      return failures >= usable.length;
    },
    next: () => {
      failures++;
      at = (at + 1) % usable.length;
      const round = Math.floor((failures - 1) / usable.length);
      const delay = Math.min(FIRST_DELAY_MS * 2 ** round, LAST_DELAY_MS);
      return delay * (1 - random() / 2);
    },
    succeeded: () => {
      failures = 0;
    },
    exclude: () => {
      usable = usable.filter((_, index) => index !== at);
      // `next` steps forward, and the following endpoint has moved into this place.
      at = (at + usable.length - 1) % usable.length;
    },
  };
};
