import type { MergedUpdate } from "#shared/protocol/model-manifest.js";

/** The updates merged into a model, by group, in descending order of share. */
export const sharesByGroup = (merged: readonly MergedUpdate[]): ReadonlyMap<string, readonly MergedUpdate[]> => {
  const groups = [...new Set(merged.map(({ group }) => group))].sort();
  return new Map(
    groups.map((name) => [
      name,
      merged.filter(({ group }) => group === name).sort((a, b) => b.share - a.share || a.uid - b.uid),
    ]),
  );
};

/** `3 62.5 %, 7 37.5 %`: each miner's uid and its share of the group's mean. */
export const inWords = (updates: readonly MergedUpdate[]): string =>
  updates.map(({ uid, share }) => `${uid} ${(100 * share).toFixed(1)} %`).join(", ");
