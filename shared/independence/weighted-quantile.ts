/** A value and its weight, at least 0. */
export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** The least value such that it and all lower values have at least the share of the total weight. NaN for no entries. */
export const weightedQuantile = (entries: readonly Weighted[], share: number): number =>
  quantileOfAscending(
    [...entries].sort((a, b) => a.value - b.value),
    share,
  );

/** The same of values that have these weights. */
export const usualOf = (values: readonly number[], weights: readonly number[], share: number): number =>
  weightedQuantile(
    values.map((value, i) => ({ value, weight: weights[i]! })),
    share,
  );

/** The same for entries in ascending order of value. */
export const quantileOfAscending = (ascending: readonly Weighted[], share: number): number => {
  const enough = share * ascending.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  for (const { value, weight } of ascending) {
    sum += weight;
    if (sum >= enough) return value;
  }
  return ascending.at(-1)?.value ?? Number.NaN;
};
