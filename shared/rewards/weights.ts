const U16_MAX = 65535;

/**
 * Shares by uid → the [uid, u16] pairs that validators set, ascending by uid: the largest share becomes 65535 and the others ⌊share /
 * largest · 65535 + ½⌋ in float64, as Bittensor scales. Pairs that round to 0 are left out. Without a positive share there are no pairs.
 */
export const toWeights = (shares: ReadonlyMap<number, number>): readonly (readonly [number, number])[] => {
  let largest = 0;
  for (const share of shares.values()) {
    if (!Number.isFinite(share) || share < 0) throw new RangeError(`not a share: ${share}`);
    largest = Math.max(largest, share);
  }
  if (largest === 0) return [];
  return [...shares]
    .map(([uid, share]) => [uid, Math.floor((share / largest) * U16_MAX + 0.5)] as const)
    .filter(([, weight]) => weight > 0)
    .sort(([a], [b]) => a - b);
};
