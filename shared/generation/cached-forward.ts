import type { Device, Program } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { type FloatTensor, floatTensor, intTensor, type Tensor } from "#shared/engine/tensor.js";
import { forward } from "#shared/model/forward.js";
import { rotaryAngles } from "#shared/model/forward-context.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { CachedShape } from "./key-value-cache.js";

/** Added to the score of a key that a query must not see. */
const HIDDEN = -1e9;

/** A compiled forward pass of `tokens` tokens behind at most `capacity` others. */
export interface CachedForward {
  readonly program: Program;
  readonly tokens: number;
  readonly capacity: number;
  /** Names and widths of what the pass gives for the cache. */
  readonly cached: Readonly<Record<string, CachedShape>>;
}

/**
 * Builds the model's forward pass for one sequence in pieces. Beside the weights its inputs are `ids` int64 [tokens], `row` int64 [1] (the token
 * whose logits are wanted), `cos` and `sin` [tokens, width], `mask` [queries, capacity + tokens], and the cache's tensors by their names. Its
 * outputs are `logits` [1, vocabulary], and for each tensor of the cache the new rows, under `new/` and its name.
 */
export const compileCachedForward = async (
  device: Device,
  { config, parameters }: { readonly config: ModelConfig; readonly parameters: Parameters },
  { tokens, capacity }: { readonly tokens: number; readonly capacity: number },
): Promise<CachedForward> => {
  const graph = new Graph();
  const weights = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, graph.input(name, shape)]),
  );
  const cached: Record<string, CachedShape> = {};
  const outputs: Record<string, Value> = {};
  const remember = (name: string, current: Value): Value => {
    const [, heads, , width] = current.shape as readonly [number, number, number, number];
    cached[name] = { heads, width };
    outputs[NEW + name] = current;
    return op.concat([graph.input(CACHE + name, [1, heads, capacity, width]), current], 2);
  };
  const row = graph.input("row", [1], "int64");
  const { logits } = forward(
    graph,
    weights,
    graph.input("ids", [tokens], "int64"),
    { config, held: allExperts(config), batchSize: 1, sequenceLength: tokens },
    {
      rotation: {
        cos: graph.input("cos", [tokens, config.head_dim]),
        sin: graph.input("sin", [tokens, config.head_dim]),
      },
      mask: graph.input("mask", [queriesOf(config, tokens), capacity + tokens]),
      remember,
      select: (rows) => op.gather(rows, row),
    },
  );
  return { program: await device.compile(graph, { ...outputs, logits }), tokens, capacity, cached };
};

const CACHE = "cache/";
const NEW = "new/";

/** What a run of some tokens is fed with beside weights: `ids` has as many as the program or fewer, `length` tokens are in the cache. */
export const cachedFeeds = (
  config: ModelConfig,
  { tokens, capacity }: CachedForward,
  ids: readonly number[],
  length: number,
  cache: Readonly<Record<string, FloatTensor>>,
): Record<string, Tensor> => {
  const { cos, sin } = rotaryAngles(config, length, tokens, length + ids.length);
  const padded = Float64Array.from({ length: tokens }, (_, i) => ids[i] ?? 0);
  const keys = capacity + tokens;
  const queries = queriesOf(config, tokens);
  const mask = new Float32Array(queries * keys).fill(HIDDEN);
  for (let query = 0; query < queries; query++) {
    mask.fill(0, query * keys, query * keys + length);
    mask.fill(0, query * keys + capacity, query * keys + capacity + (query % tokens) + 1);
  }
  return {
    ...Object.fromEntries(Object.entries(cache).map(([name, tensor]) => [CACHE + name, tensor])),
    ids: intTensor(padded, [tokens]),
    row: intTensor([ids.length - 1], [1]),
    cos: floatTensor(cos, [tokens, config.head_dim]),
    sin: floatTensor(sin, [tokens, config.head_dim]),
    mask: floatTensor(mask, [queries, keys]),
  };
};

/** The new rows of a run's results, by the cache's names. */
export const newRows = (results: Readonly<Record<string, Tensor>>): Record<string, FloatTensor> =>
  Object.fromEntries(
    Object.entries(results).flatMap(([key, tensor]) =>
      key.startsWith(NEW) && tensor.dtype === "float32" ? [[key.slice(NEW.length), tensor]] : [],
    ),
  );

/** Queries that share a key head are stacked along time. */
const queriesOf = ({ num_attention_heads: heads, num_key_value_heads: kv }: ModelConfig, tokens: number): number =>
  (heads / kv) * tokens;
