/** Hotkey → weight in whole units. Fractions are cut, so that every sum is exact; what is below 1 or no number is left out. */
export const wholeWeights = (weights: Iterable<readonly [string, number]>): ReadonlyMap<string, bigint> =>
  new Map(
    [...weights].flatMap(([hotkey, weight]): readonly [string, bigint][] =>
      Number.isFinite(weight) && weight >= 1 ? [[hotkey, BigInt(Math.floor(weight))]] : [],
    ),
  );
