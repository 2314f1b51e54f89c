/** Gives the value of a key, made anew unless it was kept. */
export type Cache<K, V> = (key: K, make: () => Promise<V>) => Promise<V>;

/** Keeps values as long as all of them fit into `maxBytes` bytes; one that does not fit is made again whenever it is asked for. */
export const byteBudgetCache = <K, V>(bytesOf: (value: V) => number, maxBytes: number): Cache<K, V> => {
  const kept = new Map<K, V>();
  let left = maxBytes;
  return async (key, make) => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = await make();
    const bytes = bytesOf(made);
    if (bytes <= left) {
      kept.set(key, made);
      left -= bytes;
    }
    return made;
  };
};

/** Bytes of the elements of some tensors. */
export const bytesOfTensors = (tensors: Iterable<{ readonly data: ArrayBufferView }>): number => {
  let bytes = 0;
  for (const { data } of tensors) bytes += data.byteLength;
  return bytes;
};
