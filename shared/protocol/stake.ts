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
 * The vote at the margin: of votes in descending order of what they say, the first at which the stake so far is more than half of all
 * that may vote. So its value is the largest that more than half of the stake reports at least, and one that was reported. Undefined
 * where those who vote are too few.
 */
export const marginalVote = <T extends { readonly stake: bigint }>(
  descending: readonly T[],
  stakes: Stakes,
): T | undefined => {
  let above = 0n;
  return descending.find(({ stake }) => {
    above += stake;
    return isMajority(above, stakes);
  });
};
