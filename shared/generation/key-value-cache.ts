import { type FloatTensor, sizeOf } from "#shared/engine/tensor.js";

/** A tensor of one layer that has a row for each token: [1, heads, tokens, width]. */
export interface CachedShape {
  readonly heads: number;
  readonly width: number;
}

/** Keys and values of the tokens that a decoder has seen, by their names. Rows behind them are zeros, or left over: whoever reads masks them. */
export interface KeyValueCache {
  /** Tokens that it has room for. */
  readonly capacity: number;
  /** [1, heads, capacity, width] each. */
  readonly tensors: Readonly<Record<string, FloatTensor>>;
  /** Takes the first `count` rows of [1, heads, tokens, width] each, from position `at` on. */
  write(rows: Readonly<Record<string, FloatTensor>>, at: number, count: number): void;
  /** A larger one with the first `length` rows of this one. */
  grow(capacity: number, length: number): KeyValueCache;
}

export const keyValueCache = (shapes: Readonly<Record<string, CachedShape>>, capacity: number): KeyValueCache => {
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, { heads, width }]) => {
      const shape = [1, heads, capacity, width];
      return [name, { dtype: "float32", shape, data: new Float32Array(sizeOf(shape)) } satisfies FloatTensor];
    }),
  );
  const write: KeyValueCache["write"] = (rows, at, count) => {
    for (const [name, { heads, width }] of Object.entries(shapes)) {
      const { data, shape } = rows[name]!;
      const tokens = shape[2]!;
      for (let head = 0; head < heads; head++)
        tensors[name]!.data.set(
          data.subarray(head * tokens * width, (head * tokens + count) * width),
          (head * capacity + at) * width,
        );
    }
  };
  return {
    capacity,
    tensors,
    write,
    grow: (larger, length) => {
      const grown = keyValueCache(shapes, larger);
      grown.write(tensors, 0, length);
      return grown;
    },
  };
};
