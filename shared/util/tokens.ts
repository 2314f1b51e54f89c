/** Smallest units of a token. */
export const UNITS_PER_TOKEN = 1_000_000_000n;

/** An amount of smallest units in tokens, for people and metrics. */
export const inTokens = (amount: bigint): number => Number(amount) / Number(UNITS_PER_TOKEN);
