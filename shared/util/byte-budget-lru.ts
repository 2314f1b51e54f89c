/**
 * Keeps the values used last as long as they fit into `maxBytes` bytes together, and makes any other anew. One that alone does not fit is not kept.
 */
export const byteBudgetLru = <V>(
  bytesOf: (value: V) => number,
  maxBytes: number,
): ((key: string, make: () => V) => V) => {
  const kept = new Map<string, V>();
  let used = 0;
  return (key, make) => {
    const known = kept.get(key);
    if (known !== undefined) {
      // A Map's order is that of insertion: the last used comes last.
      kept.delete(key);
      kept.set(key, known);
      return known;
    }
    const made = make();
    const bytes = bytesOf(made);
    if (bytes > maxBytes) return made;
    kept.set(key, made);
    used += bytes;
    for (const [oldest, value] of kept) {
      if (used <= maxBytes) break;
      kept.delete(oldest);
      used -= bytesOf(value);
    }
    return made;
  };
};
