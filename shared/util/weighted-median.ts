/**
 * The least value at which the weight of it and all below is at least that of all above: of equal weights the lower median. Both sums go in
 * ascending order of value, so that equal weights balance to the bit.
 *
 * @param weights one a value, at least 0 and not all of them 0
 */
export const weightedMedian = (values: readonly number[], weights: readonly number[]): number => {
  const ascending = values
    .map((value, i) => ({ value, weight: weights[i]! }))
    .sort((left, right) => left.value - right.value);
  const sum = (some: typeof ascending): number => some.reduce((total, { weight }) => total + weight, 0);
  const at = ascending.findIndex((_, k) => sum(ascending.slice(0, k + 1)) >= sum(ascending.slice(k + 1)));
  return ascending[at]!.value;
};
