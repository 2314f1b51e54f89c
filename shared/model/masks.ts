import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { Mask } from "./blocks/by-chunks.js";
import type { ForwardShape } from "./forward.js";

/** Added to the score of a key that a query must not see, or a multiple of it. */
const HIDDEN = -1e9;

/** Scores of a layer up to so many bytes are made at once, and kept for the backward pass. */
const SCORE_BYTES = 64 * 2 ** 20;

/**
 * Beyond, those of a chunk of queries have about so many: the backward pass holds three times as much. Of many layers they may have as many as above.
 */
const CHUNK_BYTES = 32 * 2 ** 20;

/**
 * Keys behind a chunk's queries are not looked at: of about so many chunks a little more than half of the scores are made. More make fewer still, but
 * on several threads their products are too small to share (`npm run bench -- step --case sequence-2048-layers`).
 */
const USUAL_CHUNKS = 8;

/** Of all layers together, in a graph of the whole model: its nodes are in proportion. */
export const MOST_CHUNKS = 512;

/** Queries of a chunk are a multiple of it. */
const CHUNK_STEP = 16;

/** Queries of a sequence whose scores are made at once: all, where these are small. */
export const queriesAtOnce = ({ config, batchSize, sequenceLength: t, chunks }: ForwardShape): number => {
  if (chunks?.queries !== undefined) return Math.min(chunks.queries, t);
  const queryBytes = 4 * batchSize * config.num_attention_heads * t;
  if (queryBytes * t <= SCORE_BYTES) return t;
  const most = Math.max(1, Math.floor(MOST_CHUNKS / config.num_hidden_layers));
  const within = (bytes: number) => Math.floor(bytes / queryBytes / CHUNK_STEP);
  const share = (chunks: number) => Math.ceil(t / chunks / CHUNK_STEP);
  const usual = Math.min(within(CHUNK_BYTES), share(USUAL_CHUNKS));
  const steps = Math.min(within(SCORE_BYTES), Math.max(usual, share(most)));
  return Math.min(t, CHUNK_STEP * Math.max(1, steps));
};

/** Each token sees itself and those before. */
export const causalMask = (graph: Graph, shape: ForwardShape): Mask => {
  const { sequenceLength: t } = shape;
  const perKey = queriesPerKey(shape);
  if (queriesAtOnce(shape) === t) return causalTable(graph, perKey, t);
  const ownTable = tablesOf(graph, perKey);
  return chunksOf(shape).map(({ first, end }) => ({
    first,
    end,
    inputs: [ownTable(end - first)],
    build: ([own]) => behind(own!, first),
  }));
};

/**
 * Each token sees itself and those before, of its own document alone.
 *
 * @param starts int64 [N], for each token the place in its row at which its document begins
 */
export const documentMask = (graph: Graph, shape: ForwardShape, starts: Value): Mask => {
  const { batchSize: b, sequenceLength: t } = shape;
  const perKey = queriesPerKey(shape);
  const begins = op.cast(starts, "float32");
  /** How many places before its document a key lies; none for those that a query may see. */
  const before = (begin: Value, keys: Value, count: number) => {
    const stacked = op.expand(op.reshape(begin, [b, 1, 1, count, 1]), [b, 1, perKey, count, 1]);
    return op.maximum(op.sub(op.reshape(stacked, [b, 1, perKey * count, 1]), keys), graph.constant(0));
  };
  if (queriesAtOnce(shape) === t)
    return op.add(op.scale(before(begins, counted(graph, t), t), HIDDEN), causalTable(graph, perKey, t));
  const chunks = chunksOf(shape);
  const cut = op.split(
    op.reshape(begins, [b, t]),
    chunks.map(({ first, end }) => end - first),
    1,
  );
  const ownTable = tablesOf(graph, perKey);
  return chunks.map(({ first, end }, i) => ({
    first,
    end,
    inputs: [ownTable(end - first), cut[i]!],
    build: ([own, begin]) => {
      const ofOthers = op.scale(before(begin!, op.unsized(counted(graph, end)), end - first), HIDDEN);
      return op.add(ofOthers, behind(own!, first)); // [b, 1, perKey·count, end]
    },
  }));
};

const queriesPerKey = ({ config }: ForwardShape): number => config.num_attention_heads / config.num_key_value_heads;

const chunksOf = (shape: ForwardShape): { first: number; end: number }[] => {
  const { sequenceLength: t } = shape;
  const size = queriesAtOnce(shape);
  return Array.from({ length: Math.ceil(t / size) }, (_, i) => ({ first: i * size, end: Math.min(t, (i + 1) * size) }));
};

/** 0 where a query may look, for queries stacked per key head: [perKey·t, t]. */
const causalTable = (graph: Graph, perKey: number, t: number): Value => {
  const mask = Float32Array.from({ length: perKey * t * t }, (_, i) => (i % t <= Math.floor(i / t) % t ? 0 : HIDDEN));
  return graph.constant(mask, [perKey * t, t]);
};

/** Causal tables of neighbouring queries and their own keys, each made once. */
const tablesOf = (graph: Graph, perKey: number) => {
  const tables = new Map<number, Value>();
  return (count: number): Value => {
    const table = tables.get(count) ?? causalTable(graph, perKey, count);
    tables.set(count, table);
    return table;
  };
};

/** The table [perKey·count, count] for `first` keys before it, too, which all of them see. */
const behind = (own: Value, first: number): Value => op.pad(op.unsized(own), { axis: 1, before: first, after: 0 });

/** 0, 1, 2, … */
const counted = (graph: Graph, count: number): Value =>
  graph.constant(
    Float32Array.from({ length: count }, (_, i) => i),
    [count],
  );
