import { sha256 } from "#shared/protocol/hash.js";
import { sumStake } from "#shared/protocol/stake.js";

/**
 * Shares of a whole amount in proportion to weights, by the largest remainder: each gets the whole part, and the units left go to the largest remainders, of
 * equal ones to the lowest SHA-256 of the name in ASCII. The shares add up to the amount; all are 0 where no weight is positive.
 *
 * @param amount  not negative
 * @param weights name → weight, not negative
 */
export const apportion = (amount: bigint, weights: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> => {
  const total = sumStake(weights.values());
  if (total === 0n) return new Map([...weights.keys()].map((name) => [name, 0n]));
  const shares = [...weights].map(([name, weight]) => ({
    name,
    share: (amount * weight) / total,
    remainder: (amount * weight) % total,
    lot: sha256(Buffer.from(name, "ascii")),
  }));
  let left = amount - sumStake(shares.map(({ share }) => share));
  const given = new Map(shares.map(({ name, share }) => [name, share]));
  shares.sort((a, b) => (a.remainder === b.remainder ? (a.lot < b.lot ? -1 : 1) : a.remainder > b.remainder ? -1 : 1));
  for (const { name, share } of shares) {
    if (left === 0n) break;
    given.set(name, share + 1n);
    left -= 1n;
  }
  return given;
};
