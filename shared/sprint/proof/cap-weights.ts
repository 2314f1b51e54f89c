import { MILLION } from "#shared/util/fraction.js";

/** Greatest share of one host, in millionths. */
export const MAX_SHARE = MILLION / 4;

/** A host stands beside the heaviest if it has one in so many of its weight. */
const BESIDE = 10;

/**
 * Weights with no host above a share of `maxShare` of their own sum, which is the base that pays. With the k heaviest at the cap c and R the sum
 * of all others, the sum is T = R / (1 − k·c): the smallest k at which no other is above c·T. What is cut off goes to nobody.
 *
 * No weights at all keep a cap below 1/hosts, and 1/hosts makes all alike. So where h hosts stand beside the heaviest, itself among them, with a
 * tenth of its weight or more, the cap is at least 2/(h + 1): of the heaviest as much as twice the mean of the others is left, and a host that
 * stands alone is not cut. Hosts with less do not count, because hotkeys with a nonce each would lower everybody's cap for nothing. Zero weights
 * are left out. Integers, rounded down; none falls to zero.
 *
 * @param weights  hotkey → weight, safe integers of at least 0
 * @param maxShare in millionths, above 0
 */
export const capWeights = (weights: ReadonlyMap<string, number>, maxShare = MAX_SHARE): ReadonlyMap<string, number> => {
  const hosts = [...weights].filter(([, weight]) => weight > 0);
  if (hosts.length === 0) return new Map();
  const descending = hosts.map(([, weight]) => BigInt(weight)).sort((a, b) => (a > b ? -1 : a < b ? 1 : 0));
  const beside = descending.filter((weight) => BigInt(BESIDE) * weight >= descending[0]!).length;
  /** The cap as a fraction. */
  const [over, under] =
    maxShare * (beside + 1) < 2 * MILLION ? [2n, BigInt(beside + 1)] : [BigInt(maxShare), BigInt(MILLION)];
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
