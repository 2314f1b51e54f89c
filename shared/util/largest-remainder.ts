/** A name's part of a whole amount that is shared out. */
export interface Part {
  readonly name: string;
  readonly weight: bigint;
}

/**
 * Shares of a whole amount in proportion to weights, by the largest remainder: each gets ⌊amount · weight / sum⌋, and the units that are left go one
 * each to the largest remainders. The shares add up to the amount; all are 0 where no weight is positive.
 *
 * @param amount  not negative
 * @param parts   weights not negative, one of each name
 * @param compare the order of names with equal remainders: the lower one is served first
 * @returns name → share, in the order of the parts
 */
export const largestRemainder = (
  amount: bigint,
  parts: readonly Part[],
  compare: (a: string, b: string) => number,
): ReadonlyMap<string, bigint> => {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0n);
  if (total === 0n) return new Map(parts.map(({ name }) => [name, 0n]));
  const quotas = parts.map(({ name, weight }) => ({
    name,
    share: (amount * weight) / total,
    remainder: (amount * weight) % total,
  }));
  const left = Number(amount - quotas.reduce((sum, { share }) => sum + share, 0n));
  const served = [...quotas]
    .sort((a, b) => (a.remainder === b.remainder ? compare(a.name, b.name) : a.remainder > b.remainder ? -1 : 1))
    .slice(0, left);
  const shares = new Map(quotas.map(({ name, share }) => [name, share]));
  for (const { name, share } of served) shares.set(name, share + 1n);
  return shares;
};
