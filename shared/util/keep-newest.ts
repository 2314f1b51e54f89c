/** Drops what was inserted first until at most `most` entries are left: for maps and sets that outlive what fills them. */
export const keepNewest = <K>(entries: Map<K, unknown> | Set<K>, most: number): void => {
  for (const key of entries.keys()) {
    if (entries.size <= most) return;
    entries.delete(key);
  }
};
