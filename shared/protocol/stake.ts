/** Hotkey → stake of every validator with a permit, in the smallest unit. What a majority is, is a share of their sum. */
export type Stakes = ReadonlyMap<string, bigint>;

/** The stakes that vote: those of neurons with a validator permit. */
export const permittedStakes = (
  neurons: Iterable<{ readonly hotkey: string; readonly stake: bigint; readonly validatorPermit: boolean }>,
): Stakes => {
  const stakes = new Map<string, bigint>();
  for (const { hotkey, stake, validatorPermit } of neurons) {
    if (validatorPermit && stake > 0n) stakes.set(hotkey, stake);
  }
  return stakes;
};

/** More than half of all stake that may vote, present or not. */
export const isMajority = (stake: bigint, stakes: Stakes): boolean => stake * 2n > sumStake(stakes.values());

export const sumStake = (parts: Iterable<bigint>): bigint => {
  let sum = 0n;
  for (const part of parts) sum += part;
  return sum;
};

/**
 * The lower stake-weighted median: the smallest value at or below which lies at least half of the stake. One of the
 * values themselves, so it needs no arithmetic that could differ. NaN when nothing carries stake.
 */
export const weightedMedian = (votes: readonly { readonly value: number; readonly stake: bigint }[]): number => {
  const sorted = votes.filter(({ stake }) => stake > 0n).sort((a, b) => a.value - b.value);
  const total = sumStake(sorted.map(({ stake }) => stake));
  let below = 0n;
  for (const { value, stake } of sorted) {
    below += stake;
    if (below * 2n >= total) return value;
  }
  return Number.NaN;
};
