import type { Neuron, WeightRow } from "./chain.js";

/** What validators' weights come to together: each row as shares of one, averaged by stake over those that have a row. Uid → share. */
export const meanWeights = (
  rows: readonly WeightRow[],
  neurons: readonly Pick<Neuron, "uid" | "stake">[],
): ReadonlyMap<number, number> => {
  const stakes = new Map(neurons.map(({ uid, stake }) => [uid, Number(stake)]));
  const total = rows.reduce((sum, { uid }) => sum + (stakes.get(uid) ?? 0), 0);
  const means = new Map<number, number>();
  for (const { uid, weights } of rows) {
    const sum = weights.reduce((all, [, weight]) => all + weight, 0);
    if (sum === 0 || total === 0) continue;
    const part = (stakes.get(uid) ?? 0) / total;
    for (const [target, weight] of weights) means.set(target, (means.get(target) ?? 0) + (part * weight) / sum);
  }
  return means;
};
