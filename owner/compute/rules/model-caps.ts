/** A model's nonces that one host proved. */
export interface ModelWeight {
  readonly model: string;
  readonly weight: number;
}

/** Model → greatest weight of one host with it. A model without an entry has none. */
export type ModelCaps = ReadonlyMap<string, number>;

/** What a cap leaves of a host's weight, by model, and how much it cut off. */
export interface CappedModels {
  readonly weights: readonly ModelWeight[];
  readonly cut: number;
}

/**
 * A host's weights, none above its model's cap. Small models fill with little hardware and load in seconds: a cap keeps large machines
 * out of them. It is a host's, so it holds only beside a cost of hotkeys, or classes by measured speed. Models named twice are added first.
 */
export const capModels = (weights: readonly ModelWeight[], caps: ModelCaps): CappedModels => {
  const sums = new Map<string, number>();
  for (const { model, weight } of weights) sums.set(model, (sums.get(model) ?? 0) + weight);
  const capped = [...sums].map(([model, sum]) => ({ model, weight: Math.min(sum, caps.get(model) ?? Infinity) }));
  const before = [...sums.values()].reduce((sum, weight) => sum + weight, 0);
  return { weights: capped, cut: before - capped.reduce((sum, { weight }) => sum + weight, 0) };
};
