import type { FloatTensors } from "#shared/artifact/update.js";
import type { Directions } from "#shared/evaluation/measure-candidates.js";
import { type MergeContender, type Selected, selectAll, selectForMerge } from "#shared/merge/selection.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { mergeInMemory } from "./merge-in-memory.js";

/** An update of a group that was scored, in memory. */
export interface ScoredUpdate extends MergeContender {
  /** Nats a token. */
  readonly lossReduction: number | null;
  readonly update: FloatTensors;
}

interface Merging {
  readonly topN: number;
  readonly merge: MergeRule;
  /** The buffer of the outer optimiser; null before a group's first step. */
  readonly momentum: FloatTensors | null;
}

/**
 * What a group's steps may go along: the updates that the network would select, with their shares and voices, merged as it merges them.
 *
 * @param scored of one group
 */
export const directionsInMemory = (
  scored: readonly ScoredUpdate[],
  { topN, merge, momentum }: Merging,
): Directions<FloatTensors> => {
  const [selected, all] = [selectForMerge(scored, topN), selectAll(scored, topN)].map(
    (byGroup) => [...byGroup.values()][0],
  );
  const best = selected?.reduce((most, one) => (one.share > most.share ? one : most));
  const merged = (parts: readonly Selected<ScoredUpdate>[] | undefined): FloatTensors | null => {
    if (!parts) return null;
    const names = [...parts[0]!.update.keys()];
    const inputs = parts.map(({ update, share, voice }) => ({
      share,
      ...(voice !== undefined && { voice }),
      tensors: names.map((name) => update.get(name)!.data),
    }));
    const result = mergeInMemory(inputs, merge);
    return new Map(names.map((name, i) => [name, { shape: parts[0]!.update.get(name)!.shape, data: result[i]! }]));
  };
  return { merged: merged(selected), all: merged(all), best: merged(best && [{ ...best, share: 1 }]), momentum };
};
