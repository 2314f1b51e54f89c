import { MILLION } from "#shared/util/fraction.js";

/** Greatest share of one host, in millionths. */
export const MAX_SHARE = MILLION / 4;

/**
 * Weights with no host above a share of `maxShare` of their own sum, which is the base that pays. With the k heaviest at the cap c and R the sum
 * of all others, the sum is T = R / (1 − k·c): the smallest k at which no other is above c·T. What is cut off goes to nobody. With fewer than
 * 2/c − 1 hosts the cap is 2/(hosts + 1), because no weights at all keep a cap below 1/hosts, and 1/hosts makes all alike. Zero weights are
 * left out, of the result and of the number of hosts. Integers, rounded down; none falls to zero.
 *
 * @param weights  hotkey → weight, safe integers of at least 0
 * @param maxShare in millionths, above 0
 */
export const capWeights = (weights: ReadonlyMap<string, number>, maxShare = MAX_SHARE): ReadonlyMap<string, number> => {
  const hosts = [...weights].filter(([, weight]) => weight > 0);
  if (hosts.length === 0) return new Map();
  /** The cap as a fraction. */
  const [over, under] =
    maxShare * (hosts.length + 1) < 2 * MILLION ? [2n, BigInt(hosts.length + 1)] : [BigInt(maxShare), BigInt(MILLION)];
  const descending = hosts.map(([, weight]) => BigInt(weight)).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  let rest = descending.reduce((sum, weight) => sum + weight);
  let cap: bigint | null = null;
  for (const [capped, weight] of descending.entries()) {
    const left = under - BigInt(capped) * over;
    if (weight * left <= over * rest) break;
    rest -= weight;
    cap = (over * rest) / (left - over);
  }
  const most = cap === null ? Infinity : Number(cap);
  return new Map(hosts.map(([hotkey, weight]) => [hotkey, Math.min(weight, most)]));
};
