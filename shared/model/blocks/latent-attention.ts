import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { LatentAttention } from "../families/blocks.js";
import { type Attend, byChunks } from "./by-chunks.js";
import type { AttentionOutput, AttentionPlace } from "./grouped-attention.js";

/** Of the latents' norms, whatever the model's is. */
const LATENT_EPS = 1e-6;

/**
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): [N, d] → [N, d]. Keys and values come from one latent; a part of
 * each key that turns with its position is shared by all heads.
 */
export const latentAttention = (
  x: Value,
  { queryRank, rank, still, turning, value, scale }: LatentAttention,
  { shape, weights, prefix, rotation, mask, remember }: AttentionPlace,
): AttentionOutput => {
  const { batchSize: b, sequenceLength: t, config } = shape;
  const { num_attention_heads: heads } = config;

  const cut = (y: Value, start: number, end: number) => op.slice(y, { axis: -1, start, end });
  const headsFirst = (y: Value, count: number, width: number) =>
    op.transpose(op.reshape(y, [b, t, count, width]), [0, 2, 1, 3]);
  const rotate = (y: Value) => op.rotaryEmbedding(halves(y), rotation.cos, rotation.sin);

  const queries =
    queryRank === null
      ? weights.linear(x, `${prefix}.q_proj`)
      : weights.linear(
          weights.norm(weights.linear(x, `${prefix}.q_a_proj`), `${prefix}.q_a_layernorm`, LATENT_EPS),
          `${prefix}.q_b_proj`,
        );
  const q = headsFirst(queries, heads, still + turning); // [b, heads, t, still + turning]
  const qStill = cut(q, 0, still);
  const qTurning = rotate(cut(q, still, still + turning));

  const joint = weights.linear(x, `${prefix}.kv_a_proj_with_mqa`); // [N, rank + turning]
  const kTurning = remember(`${prefix}.k_turning`, rotate(headsFirst(cut(joint, rank, rank + turning), 1, turning))); // [b, 1, keys, turning]
  const latent = weights.norm(cut(joint, 0, rank), `${prefix}.kv_a_layernorm`, LATENT_EPS);
  const kv = headsFirst(weights.linear(latent, `${prefix}.kv_b_proj`), heads, still + value);
  const kStill = remember(`${prefix}.k_still`, cut(kv, 0, still));
  const v = remember(`${prefix}.v`, cut(kv, still, still + value)); // [b, heads, keys, value]

  const attend: Attend = (queries, keys, hidden, made) => {
    const count = queries[0]!.shape[2] as number;
    // All heads look at the same turning keys: they are stacked along time.
    const stacked = op.reshape(queries[1]!, [b, 1, heads * count, turning]);
    const byPosition = op.matmul(stacked, keys[1]!, { transB: true, alpha: scale }); // [b, 1, heads·count, keys]
    const byContent = op.matmul(queries[0]!, keys[0]!, { transB: true, alpha: scale }); // [b, heads, count, keys]
    const scores = op.add(byContent, op.reshape(byPosition, [b, heads, count, keys[1]!.shape[2]!]));
    const product = op.attend(op.add(scores, hidden), keys[2]!, made);
    return { product, byHead: product };
  };
  const { attended, kept } = byChunks({ mask, queries: [qStill, qTurning], keys: [kStill, kTurning, v], attend });
  return {
    output: weights.linear(
      op.reshape(op.transpose(attended, [0, 2, 1, 3]), [b * t, heads * value]),
      `${prefix}.o_proj`,
    ),
    kept,
  };
};

/** Heads whose neighbours i, i + 1 turn together, as heads whose elements i, i + d/2 do. Products of two such are as before. */
const halves = (y: Value): Value => {
  const [b, heads, t, width] = y.shape as readonly [number, number, number, number];
  const pairs = op.reshape(y, [b, heads, t, width / 2, 2]);
  return op.reshape(op.transpose(pairs, [0, 1, 2, 4, 3]), [b, heads, t, width]);
};
