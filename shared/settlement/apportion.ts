import { compareTexts } from "#shared/protocol/compare-texts.js";
import { sha256 } from "#shared/protocol/hash.js";
import { largestRemainder } from "#shared/util/largest-remainder.js";

/**
 * Amounts shared by weight with the `largestRemainder`; of equal remainders the lowest SHA-256 of the name in ASCII is served first, so that no name
 * is favoured each time.
 *
 * @param amount  not negative
 * @param weights name → weight, not negative
 */
export const apportion = (amount: bigint, weights: ReadonlyMap<string, bigint>): ReadonlyMap<string, bigint> => {
  const lots = new Map([...weights.keys()].map((name) => [name, sha256(Buffer.from(name, "ascii"))]));
  const parts = [...weights].map(([name, weight]) => ({ name, weight }));
  return largestRemainder(amount, parts, (a, b) => compareTexts(lots.get(a)!, lots.get(b)!));
};
