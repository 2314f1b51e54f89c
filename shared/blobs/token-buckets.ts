import { keepNewest } from "#shared/util/keep-newest.js";

export interface TokenBuckets {
  /** Takes one of the key's tokens. @returns 0, or if there is no token the milliseconds until there is one */
  take(key: string): number;
  /** The same without taking a token. */
  wait(key: string): number;
}

export interface TokenBucketsOptions {
  /** Tokens per minute, which is also the capacity of a bucket. */
  readonly perMinute: number;
  /** Milliseconds. A clock that is set back gives no tokens, and takes none. */
  readonly now: () => number;
  /** Greatest number of keys stored. Above it, the key that was used least recently is forgotten, and then counts as new. */
  readonly maxKeys?: number;
}

/** A token bucket for each key. */
export const tokenBuckets = ({ perMinute, now, maxKeys = 10_000 }: TokenBucketsOptions): TokenBuckets => {
  const perMs = perMinute / 60_000;
  const buckets = new Map<string, { tokens: number; at: number }>();
  const tokensOf = (key: string, at: number): number => {
    const last = buckets.get(key) ?? { tokens: perMinute, at };
    return Math.min(perMinute, last.tokens + Math.max(0, at - last.at) * perMs);
  };
  const waitFor = (tokens: number): number => (tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs));
  return {
    wait: (key) => waitFor(tokensOf(key, now())),
    take: (key) => {
      const at = now();
      const tokens = tokensOf(key, at);
      // The map keeps insertion order, so the first key is the least recently used one.
      buckets.delete(key);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
      keepNewest(buckets, maxKeys);
      return waitFor(tokens);
    },
  };
};
