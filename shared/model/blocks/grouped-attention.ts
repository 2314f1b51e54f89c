import type { Value, Values } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { GroupedAttention } from "../families/blocks.js";
import type { ForwardShape } from "../forward.js";
import { type Attend, byChunks, type Mask } from "./by-chunks.js";
import type { Weights } from "./weights.js";

/** What an attention block knows of its place. */
export interface AttentionPlace {
  readonly shape: Pick<ForwardShape, "config" | "batchSize" | "sequenceLength">;
  readonly weights: Weights;
  /** Name of the layer's attention, e.g. `model.layers.0.self_attn`. */
  readonly prefix: string;
  /** Tables of the rotary embedding [t, width that turns]. */
  readonly rotation: { readonly cos: Value; readonly sin: Value };
  readonly mask: Mask;
  /** Puts keys or values [b, heads, t, width] behind those of tokens before: [b, heads, keys, width]. */
  readonly remember: (name: string, current: Value) => Value;
}

export interface AttentionOutput {
  /** What is added to the hidden state: [N, d]. */
  readonly output: Value;
  /** What the heads made of the values, as its gradient takes it. */
  readonly kept: Values;
}

/** Grouped-query attention: [N, d] → [N, d]. */
export const groupedAttention = (
  x: Value,
  { norm, scale }: GroupedAttention,
  { shape, weights, prefix, rotation, mask, remember }: AttentionPlace,
): AttentionOutput => {
  const { batchSize: b, sequenceLength: t, config } = shape;
  const { num_attention_heads: heads, num_key_value_heads: kv, head_dim: h } = config;
  const perKey = heads / kv;

  const project = (projection: "q" | "k" | "v") => weights.linear(x, `${prefix}.${projection}_proj`);
  const split = (y: Value, count: number) => op.reshape(y, [b, t, count, h]);
  const headsFirst = (y: Value) => op.transpose(y, [0, 2, 1, 3]); // [b, heads, t, h]
  const normalised = (which: "q" | "k", count: number) => {
    const name = `${prefix}.${which}_norm`;
    if (norm === "head") return weights.norm(split(project(which), count), name);
    return split(norm === "width" ? weights.norm(project(which), name) : project(which), count);
  };
  const rotated = (which: "q" | "k", count: number) =>
    op.rotaryEmbedding(headsFirst(normalised(which, count)), rotation.cos, rotation.sin);

  const q = rotated("q", heads);
  const k = remember(`${prefix}.k`, rotated("k", kv)); // [b, kv, keys, h]
  const v = remember(`${prefix}.v`, headsFirst(split(project("v"), kv)));

  const attend: Attend = ([queries], [keys, values], hidden, made) => {
    const count = queries!.shape[2] as number;
    // Query heads that share a key head are stacked along time, so that no key or value is repeated.
    const stacked = op.reshape(queries!, [b, kv, perKey * count, h]);
    const scores = op.add(op.matmul(stacked, keys!, { transB: true, alpha: scale }), hidden); // [b, kv, perKey·count, keys]
    const product = op.attend(scores, values!, made && op.reshape(made, [b, kv, perKey * count, h]));
    return { product, byHead: op.reshape(product, [b, heads, count, h]) };
  };
  const { attended, kept } = byChunks({ mask, queries: [q], keys: [k, v], attend });
  return {
    output: weights.linear(op.reshape(op.transpose(attended, [0, 2, 1, 3]), [b * t, heads * h]), `${prefix}.o_proj`),
    kept,
  };
};
