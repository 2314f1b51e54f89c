export interface TokenBuckets {
  /** Takes one of the key's tokens; where there is none, how many milliseconds until there is. */
  take(key: string): number;
  /** The same, and takes none. */
  wait(key: string): number;
}

export interface TokenBucketsOptions {
  /** Tokens a minute, and as many at once. */
  readonly perMinute: number;
  /** Milliseconds, rising. */
  readonly now: () => number;
  /** Keys that are remembered: who invents more is forgotten first, and is then as new. */
  readonly maxKeys?: number;
}

/** A token bucket for each key. */
export const tokenBuckets = ({ perMinute, now, maxKeys = 10_000 }: TokenBucketsOptions): TokenBuckets => {
  const perMs = perMinute / 60_000;
  const buckets = new Map<string, { tokens: number; at: number }>();
  const tokensOf = (key: string, at: number): number => {
    const last = buckets.get(key) ?? { tokens: perMinute, at };
    return Math.min(perMinute, last.tokens + (at - last.at) * perMs);
  };
  const waitFor = (tokens: number): number => (tokens >= 1 ? 0 : Math.ceil((1 - tokens) / perMs));
  return {
    wait: (key) => waitFor(tokensOf(key, now())),
    take: (key) => {
      const at = now();
      const tokens = tokensOf(key, at);
      // The map keeps the order of insertion, so the first key is the one not seen for longest.
      buckets.delete(key);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at });
      if (buckets.size > maxKeys) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
      return waitFor(tokens);
    },
  };
};
