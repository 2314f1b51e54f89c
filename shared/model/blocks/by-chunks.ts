import type { Value, Values } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";

/** Neighbouring queries whose scores are made at once. */
export interface QueryChunk {
  readonly first: number;
  /** One after the last; the keys from there on are hidden from all of them. */
  readonly end: number;
  /** What their mask is made of. */
  readonly inputs: Values;
  /** Makes it: [.., queries per key · queries, end]. */
  readonly build: (inputs: Values) => Value;
}

/**
 * What is added to scores, for queries stacked per key head: 0 where a query may look, a large negative number where it may not. Either one
 * table [.., queries per key · t, keys], or made anew for each chunk.
 */
export type Mask = Value | readonly QueryChunk[];

/** What some queries make of the keys that they may see. */
export interface Attended {
  /** As the products make it, of whatever shape. With it at hand nothing of it need be made again for its gradient but probabilities. */
  readonly product: Value;
  /** The same: [b, heads, queries, …]. */
  readonly byHead: Value;
}

/** @param known what it makes, by head, where that was made before: then only its gradient is made */
export type Attend = (queries: Values, keys: Values, mask: Value, known?: Value) => Attended;

export interface Attention {
  readonly mask: Mask;
  /** [b, heads, t, …] */
  readonly queries: Values;
  /** Keys and values: [b, heads, keys, …]. */
  readonly keys: Values;
  readonly attend: Attend;
}

/**
 * Attention in chunks of queries, where the mask has such: then no scores are kept for the backward pass, which makes those of one chunk at a time
 * of what the chunk made. `kept` is what attention's gradient takes of what attention made.
 */
export const byChunks = ({ mask, queries, keys, attend }: Attention): { attended: Value; kept: Values } => {
  if (!isChunked(mask)) {
    const { product, byHead } = attend(queries, keys, mask);
    return { attended: byHead, kept: [product] };
  }
  const sizes = mask.map(({ first, end }) => end - first);
  const cut = queries.map((query) => op.split(query, sizes, 2));
  const parts = mask.map(({ end, inputs, build }, i) => ({
    inputs: [...cut.map((chunks) => chunks[i]!), ...keys, ...inputs],
    build: (values: Values, made?: Value) => {
      const own = values.slice(0, queries.length);
      const seen = values
        .slice(queries.length, queries.length + keys.length)
        // Each chunk sees another number of keys.
        .map((key) => op.unsized(op.slice(key, { axis: 2, start: 0, end })));
      return attend(own, seen, build(values.slice(queries.length + keys.length)), made).byHead;
    },
  }));
  const kept = op.recompute(parts);
  return { attended: op.concat(kept, 2), kept };
};

const isChunked = (mask: Mask): mask is readonly QueryChunk[] => Array.isArray(mask);
