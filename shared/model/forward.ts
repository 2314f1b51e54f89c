import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { expertName, type HeldExperts, routerName } from "./parameters.js";

export interface ForwardShape {
  readonly config: ModelConfig;
  /** Expert ids held in each layer; the router chooses among these only. */
  readonly held: HeldExperts;
  readonly batchSize: number;
  readonly sequenceLength: number;
}

/** What a layer's router did: probabilities [N, experts held], chosen [N, k]. */
export interface Routing {
  readonly probabilities: Value;
  readonly chosen: Value;
}

/**
 * Qwen3-MoE (`Qwen3MoeForCausalLM` of Hugging Face transformers): ids int64 [N], N = batch × sequence, → logits [N, vocabulary].
 * With fewer experts held than the model has it is the shard that a miner trains: since `norm_topk_prob` renormalises the chosen
 * probabilities, a softmax over the held rows of the router equals the full softmax restricted to them.
 */
export const forward = (
  graph: Graph,
  weights: Readonly<Record<string, Value>>,
  ids: Value,
  shape: ForwardShape,
): { logits: Value; routing: Routing[] } => {
  const { config, held } = shape;
  const weight = (name: string): Value => {
    const value = weights[name];
    if (!value) throw new TypeError(`model weight ${name} is not in the graph`);
    return value;
  };
  const norm = (x: Value, name: string) => op.rmsNorm(x, weight(name), config.rms_norm_eps);
  const linear = (x: Value, name: string) => op.matmul(x, weight(name), { transB: true });

  const rotation = rotaryTables(graph, shape);
  const mask = causalMask(graph, shape);
  const routing: Routing[] = [];

  let x = op.gather(weight("model.embed_tokens.weight"), ids); // [N, d]
  for (const [layer, experts] of held.entries()) {
    const name = (suffix: string) => `model.layers.${layer}.${suffix}.weight`;
    const attended = attention(norm(x, name("input_layernorm")), {
      shape,
      rotation,
      mask,
      project: (input, projection) => linear(input, name(`self_attn.${projection}_proj`)),
      normalise: (heads, which) => norm(heads, name(`self_attn.${which}_norm`)),
    });
    x = op.add(x, attended);
    const mixed = mixtureOfExperts(norm(x, name("post_attention_layernorm")), {
      config,
      experts: experts.length,
      router: weight(routerName(layer)),
      project: (rows, slot, projection) => linear(rows, expertName(layer, experts[slot]!, projection)),
    });
    routing.push(mixed.routing);
    x = op.add(x, mixed.output);
  }
  const head = config.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  return { logits: linear(norm(x, "model.norm.weight"), head), routing };
};

interface AttentionParts {
  readonly shape: ForwardShape;
  readonly rotation: { cos: Value; sin: Value };
  readonly mask: Value;
  readonly project: (x: Value, projection: "q" | "k" | "v" | "o") => Value;
  readonly normalise: (heads: Value, which: "q" | "k") => Value;
}

/** Grouped-query attention with per-head RMSNorm on queries and keys: [N, d] → [N, d]. */
const attention = (x: Value, { shape, rotation, mask, project, normalise }: AttentionParts): Value => {
  const { batchSize: b, sequenceLength: t, config } = shape;
  const { num_attention_heads: heads, num_key_value_heads: kv, head_dim: h } = config;
  const perKey = heads / kv;

  const split = (y: Value, count: number) => op.reshape(y, [b, t, count, h]);
  const headsFirst = (y: Value) => op.transpose(y, [0, 2, 1, 3]); // [b, heads, t, h]
  const rotate = (y: Value) => op.rotaryEmbedding(y, rotation.cos, rotation.sin);

  // Query heads that share a key head are stacked along time, so that no key or value is repeated.
  const q = op.reshape(rotate(headsFirst(normalise(split(project(x, "q"), heads), "q"))), [b, kv, perKey * t, h]);
  const k = rotate(headsFirst(normalise(split(project(x, "k"), kv), "k"))); // [b, kv, t, h]
  const v = headsFirst(split(project(x, "v"), kv));

  const scores = op.add(op.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(h) }), mask); // [b, kv, perKey·t, t]
  const context = op.reshape(op.matmul(op.softmax(scores), v), [b, heads, t, h]);
  return project(op.reshape(op.transpose(context, [0, 2, 1, 3]), [b * t, heads * h]), "o");
};

interface MixtureParts {
  readonly config: ModelConfig;
  readonly experts: number;
  readonly router: Value;
  readonly project: (rows: Value, slot: number, projection: "gate" | "up" | "down") => Value;
}

/** Softmax router with top-k, each token through its experts only: [N, d] → [N, d]. */
const mixtureOfExperts = (
  x: Value,
  { config, experts, router, project }: MixtureParts,
): { output: Value; routing: Routing } => {
  const tokens = x.shape[0] as number;
  const k = Math.min(config.num_experts_per_tok, experts);
  const probabilities = op.softmax(op.matmul(x, router, { transB: true })); // [N, experts]
  const { values, indices: chosen } = op.topK(probabilities, k); // [N, k]
  const shares = config.norm_topk_prob ? op.div(values, op.reduceSum(values, [-1], { keepdims: true })) : values;

  // Only the products are an expert's own: what is done to elements is done to all experts' rows at once.
  const { sorted, join, split, combine } = op.dispatch(x, chosen, experts);
  // Split for each projection anew: their gradients then are one sum of joined rows, and not one an expert.
  const projected = (inputs: Value, projection: "gate" | "up" | "down") =>
    join(split(inputs).map((rows, slot) => project(rows, slot, projection)));
  const hidden = op.mul(op.silu(projected(sorted, "gate")), projected(sorted, "up")); // [N · k, f]
  const outputs = combine(projected(hidden, "down")); // [N, k, d]
  const weighted = op.mul(outputs, op.reshape(shares, [tokens, k, 1]));
  return { output: op.reduceSum(weighted, [1]), routing: { probabilities, chosen } };
};

/** cos and sin of position × frequency, [t, head_dim], both halves alike as `rotate_half` wants them. */
const rotaryTables = (graph: Graph, { config, sequenceLength: t }: ForwardShape): { cos: Value; sin: Value } => {
  const half = config.head_dim / 2;
  const table = (f: (angle: number) => number) =>
    Float32Array.from({ length: t * config.head_dim }, (_, i) => {
      const position = Math.floor(i / config.head_dim);
      const frequency = config.rope_theta ** (-(i % half) / half);
      return f(position * frequency);
    });
  return {
    cos: graph.constant(table(Math.cos), [t, config.head_dim]),
    sin: graph.constant(table(Math.sin), [t, config.head_dim]),
  };
};

/** 0 where a query may look, a large negative number where it may not, for queries stacked per key head: [perKey·t, t]. */
const causalMask = (graph: Graph, { config, sequenceLength: t }: ForwardShape): Value => {
  const perKey = config.num_attention_heads / config.num_key_value_heads;
  const mask = Float32Array.from({ length: perKey * t * t }, (_, i) => (i % t <= Math.floor(i / t) % t ? 0 : -1e9));
  return graph.constant(mask, [perKey * t, t]);
};
