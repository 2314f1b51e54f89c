/** Hotkey → stake of every validator with a permit, in the smallest unit. A majority is a share of their sum. */
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

/** Whether a part is more than half of a whole, both of at least 0 in the same unit. */
export const isMoreThanHalf = (part: bigint, whole: bigint): boolean => 2n * part > whole;

/** More than half of all voting stake, whether it votes or not. */
export const isMajority = (stake: bigint, stakes: Stakes): boolean => isMoreThanHalf(stake, sumStake(stakes.values()));

export const sumStake = (parts: Iterable<bigint>): bigint => {
  let sum = 0n;
  for (const part of parts) sum += part;
  return sum;
};

/**
 * The vote at the margin. Votes are taken in descending order of their values; it is the first vote at which the stake so far is more than
 * half of all voting stake. So its value is the largest that more than half of the stake reports at least, and a validator reported it.
 * Undefined if the votes have too little stake.
 */
export const marginalVote = <T extends { readonly stake: bigint }>(
  descending: readonly T[],
  stakes: Stakes,
): T | undefined => voteAtHalf(descending, { of: sumStake(stakes.values()) });

/**
 * The first vote, in descending order of values, at which the stake so far is more than half of `of`.
 *
 * @param above stake that goes before all votes; default: 0
 */
export const voteAtHalf = <T extends { readonly stake: bigint }>(
  descending: readonly T[],
  { above = 0n, of }: { readonly above?: bigint; readonly of: bigint },
): T | undefined => {
  let sum = above;
  return descending.find(({ stake }) => {
    sum += stake;
    return isMoreThanHalf(sum, of);
  });
};
