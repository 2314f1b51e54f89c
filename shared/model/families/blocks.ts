import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Grouped-query attention (Ainslie et al. 2023). */
export interface GroupedAttention {
  readonly kind: "grouped";
  /** RMSNorm of queries and keys before the rotary embedding: of each head, over all heads at once, or none. */
  readonly norm: "head" | "width" | "none";
  readonly biases: { readonly qkv: boolean; readonly output: boolean };
  /** Factor on the scores. */
  readonly scale: number;
}

/** Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1). */
export interface LatentAttention {
  readonly kind: "latent";
  /** Rank of the queries' latent, null where queries are projected at once. */
  readonly queryRank: number | null;
  readonly rank: number;
  /** Width of a head's part that does not turn, of the one that does, and of its value. */
  readonly still: number;
  readonly turning: number;
  readonly value: number;
  readonly biases: { readonly qkv: boolean; readonly output: boolean };
  readonly scale: number;
}

/** How a router makes weights of its logits. All begin with a softmax over the experts that are held. */
export interface RouterRule {
  /**
   * Whether the chosen probabilities are made to sum to 1, which is also what a softmax over the chosen logits gives. Then the rule of some
   * experts is that of all of them restricted to these; without it a shard gives its experts more weight than the whole model does.
   */
  readonly normalise: boolean;
  /** Factor on the chosen probabilities. */
  readonly scale: number;
  /** Experts lie in `count` equal groups; those outside the `chosen` groups with the largest probabilities are passed over. Null for none. */
  readonly groups: { readonly count: number; readonly chosen: number } | null;
}

/** What every token goes through beside the experts that its router chooses. */
export interface SharedExpert {
  readonly width: number;
  /** Whether a sigmoid of the token weighs it. */
  readonly gated: boolean;
}

/** What a model is made of, where families differ. */
export interface Blocks {
  readonly attention: GroupedAttention | LatentAttention;
  /** Whether a layer has experts; a dense one has one network of `denseWidth`. */
  readonly isSparse: (layer: number) => boolean;
  readonly denseWidth: number;
  readonly router: RouterRule;
  readonly shared: SharedExpert | null;
  /** Factors on the embeddings, on what each block adds to the stream, and on the logits. */
  readonly scales: { readonly embedding: number; readonly residual: number; readonly logits: number };
}

const PLAIN_SCALES = { embedding: 1, residual: 1, logits: 1 } as const;

/** A pre-norm transformer of grouped-query attention whose layers all have experts: what a family describes is where it differs. */
export const plainBlocks = (config: ModelConfig, attention: Partial<Omit<GroupedAttention, "kind">> = {}): Blocks => {
  const biased = config.attention_bias ?? false;
  return {
    attention: {
      kind: "grouped",
      norm: "none",
      biases: { qkv: biased, output: biased },
      scale: 1 / Math.sqrt(config.head_dim),
      ...attention,
    },
    isSparse: () => true,
    denseWidth: config.intermediate_size ?? config.moe_intermediate_size,
    router: { normalise: config.norm_topk_prob, scale: 1, groups: null },
    shared: null,
    scales: PLAIN_SCALES,
  };
};

/** Which layers are sparse by `decoder_sparse_step` and `mlp_only_layers`, as the Qwen families have it. */
export const sparseEvery = ({ decoder_sparse_step: step = 1, mlp_only_layers = [] }: ModelConfig) => {
  const dense = new Set(mlp_only_layers);
  return (layer: number): boolean => !dense.has(layer) && (layer + 1) % step === 0;
};
