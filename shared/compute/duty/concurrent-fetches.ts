/** Documents and proofs that are fetched at once: one that comes slowly does not hold up the others. */
export const CONCURRENT_FETCHES = 32;
