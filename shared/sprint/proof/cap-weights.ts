import { MILLION } from "#shared/util/fraction.js";

/** Greatest share of one host, in millionths. */
export const MAX_SHARE = MILLION / 4;

/** A host counts for the number of hosts if it has one in so many of what stands in the middle of the others' weight. */
const COUNTED = 10;

/**
 * Weights with no host above a share of `maxShare` of their own sum, which is the base that pays. With the k heaviest at the cap c and R the sum
 * of all others, the sum is T = R / (1 − k·c): the smallest k at which no other is above c·T. What is cut off goes to nobody.
 *
 * No weights at all keep a cap below 1/hosts, and 1/hosts makes all alike. So with h hosts the cap is at least 2/(h + 1), which leaves the heaviest
 * twice the mean of the others, and a host alone all. A host counts with a tenth of the weight in the middle of the others': half of the weight of
 * all but the heaviest belongs to hosts of that much or less. Hotkeys with a nonce each do not move it, and so lower nobody's cap; nor does a giant
 * beside many small hosts. Zero weights are left out. Integers, rounded down; none falls to zero.
 *
 * @param weights  hotkey → weight, safe integers of at least 0
 * @param maxShare in millionths, above 0
 */
export const capWeights = (weights: ReadonlyMap<string, number>, maxShare = MAX_SHARE): ReadonlyMap<string, number> => {
  const hosts = [...weights].filter(([, weight]) => weight > 0);
  if (hosts.length === 0) return new Map();
  const descending = hosts.map(([, weight]) => BigInt(weight)).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  const counted = countedHosts(descending);
  /** The cap as a fraction. */
  const [over, under] =
    maxShare * (counted + 1) < 2 * MILLION ? [2n, BigInt(counted + 1)] : [BigInt(maxShare), BigInt(MILLION)];
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

/** The heaviest, and the hosts with a tenth of the lower weighted median of all others. */
const countedHosts = ([, ...others]: readonly bigint[]): number => {
  const total = others.reduce((sum, weight) => sum + weight, 0n);
  let sum = 0n;
  const middle = others.toReversed().find((weight) => {
    sum += weight;
    return 2n * sum >= total;
  });
  return 1 + others.filter((weight) => middle !== undefined && BigInt(COUNTED) * weight >= middle).length;
};
