import { z } from "zod";
import { about } from "./network-file/about.js";
import { ropeScalingSchema } from "./network-file/rope-scaling.js";

/** The families of models that can be computed with, by the `model_type` of their `config.json`. */
export const MODEL_TYPES = [
  "qwen3_moe",
  "granitemoe",
  "olmoe",
  "mixtral",
  "qwen2_moe",
  "deepseek_v2",
  "llama",
  "qwen3",
] as const;

export type ModelType = (typeof MODEL_TYPES)[number];

const size = z.int().min(1);

/** Far above all models that there are; lists of so many names are no burden. */
const MAX_LAYERS = 1024;
const MAX_EXPERTS = 4096;

/** Keys that only some families have; one that is left out has its family's default. */
const familyKeys = {
  model_type: z
    .enum(MODEL_TYPES)
    .optional()
    .meta(about("The family of the model; unset: `qwen3_moe`. docs/models.md has what each is.")),
  intermediate_size: size.optional().meta(about("Inner width of a dense layer.")),
  mlp_only_layers: z.array(z.int().min(0)).optional().meta(about("Layers that are dense.")),
  decoder_sparse_step: size.optional().meta(about("Every so manieth layer has experts, the others are dense.")),
  attention_bias: z.boolean().optional().meta(about("Whether the attention's projections have biases.")),
  rope_scaling: ropeScalingSchema
    .optional()
    .meta(about("How the rotary embedding is stretched, as transformers says.")),
  embedding_multiplier: z.number().positive().optional().meta(about("Factor on the embeddings.")),
  residual_multiplier: z.number().positive().optional().meta(about("Factor on what a block adds to the stream.")),
  attention_multiplier: z.number().positive().optional().meta(about("Factor on the attention's scores.")),
  logits_scaling: z.number().positive().optional().meta(about("Divisor of the logits.")),
  shared_expert_intermediate_size: size.optional().meta(about("Inner width of the expert that every token takes.")),
  n_shared_experts: size.optional().meta(about("Experts that every token takes, as one of so many times the width.")),
  first_k_dense_replace: z.int().min(0).optional().meta(about("So many of the first layers are dense.")),
  routed_scaling_factor: z.number().positive().optional().meta(about("Factor on the chosen probabilities.")),
  n_group: size.optional().meta(about("Groups of neighbouring experts of which the router first chooses some.")),
  topk_group: size.optional().meta(about("How many of them it chooses.")),
  q_lora_rank: size.optional().meta(about("Rank of the queries' latent; unset: none.")),
  kv_lora_rank: size.optional().meta(about("Rank of the latent that keys and values share.")),
  qk_nope_head_dim: size.optional().meta(about("Width of a head's part that positions do not turn.")),
  qk_rope_head_dim: z.int().min(2).optional().meta(about("Width of a head's part that positions turn; even.")),
  v_head_dim: size.optional().meta(about("Width of a head's value.")),
} as const;

type FamilyKey = Exclude<keyof typeof familyKeys, "model_type">;

const FAMILY_KEYS = (Object.keys(familyKeys) as (keyof typeof familyKeys)[]).filter((key) => key !== "model_type");

const LATENT = ["kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"] as const;

/** What each family takes of them: what it needs, and what may be left out. */
const KEYS_OF: Readonly<Record<ModelType, { needs: readonly FamilyKey[]; takes: readonly FamilyKey[] }>> = {
  qwen3_moe: {
    needs: [],
    takes: ["intermediate_size", "mlp_only_layers", "decoder_sparse_step", "attention_bias", "rope_scaling"],
  },
  granitemoe: {
    needs: [],
    takes: [
      "attention_bias",
      "rope_scaling",
      "embedding_multiplier",
      "residual_multiplier",
      "attention_multiplier",
      "logits_scaling",
    ],
  },
  olmoe: { needs: [], takes: ["attention_bias", "rope_scaling"] },
  mixtral: { needs: [], takes: ["rope_scaling"] },
  qwen2_moe: {
    needs: ["shared_expert_intermediate_size"],
    takes: ["intermediate_size", "mlp_only_layers", "decoder_sparse_step", "attention_bias", "rope_scaling"],
  },
  deepseek_v2: {
    needs: LATENT,
    takes: [
      "intermediate_size",
      "first_k_dense_replace",
      "attention_bias",
      "rope_scaling",
      "n_shared_experts",
      "routed_scaling_factor",
      "n_group",
      "topk_group",
      "q_lora_rank",
    ],
  },
  llama: { needs: ["intermediate_size"], takes: ["attention_bias", "rope_scaling"] },
  qwen3: { needs: ["intermediate_size"], takes: ["attention_bias", "rope_scaling"] },
};

/** The keys that only some families have and this one takes. */
export const familyKeysOf = (type: ModelType = "qwen3_moe"): readonly FamilyKey[] => {
  const { needs, takes } = KEYS_OF[type];
  return [...needs, ...takes];
};

/** Families without experts: read to make a model with experts of, and for comparison. */
const DENSE: ReadonlySet<ModelType> = new Set(["llama", "qwen3"]);

/** Whether a family has no experts. */
export const isDenseFamily = ({ model_type = "qwen3_moe" }: { model_type?: ModelType | undefined }): boolean =>
  DENSE.has(model_type);

/** The subset of a Hugging Face `config.json` that decides shapes and arithmetic; Qwen3-MoE's names, in every family. */
export const modelConfigSchema = z
  .strictObject({
    vocab_size: z.int().min(2).meta(about("Rows of the embedding. The byte tokenizer uses 257.", "tokens")),
    hidden_size: z.int().min(1).meta(about("Width of the residual stream.")),
    num_hidden_layers: z.int().min(1).max(MAX_LAYERS).meta(about("Layers.")),
    num_attention_heads: z.int().min(1).meta(about("Query heads.")),
    num_key_value_heads: z.int().min(1).meta(about("Key and value heads; they divide the query heads.")),
    head_dim: z.int().min(2).meta(about("Width of a head; even.")),
    num_experts: z.int().min(0).max(MAX_EXPERTS).meta(about("Experts of a layer; 0 in a dense family.")),
    num_experts_per_tok: z.int().min(0).meta(about("Experts that a token is sent to; 0 in a dense family.")),
    moe_intermediate_size: z.int().min(0).meta(about("An expert's inner width; 0 in a dense family.")),
    norm_topk_prob: z.boolean().meta(about("Whether the chosen probabilities are made to sum to 1.")),
    rms_norm_eps: z.number().positive().meta(about("Added to the mean square in RMSNorm.")),
    rope_theta: z.number().positive().meta(about("Base of the rotary embedding.")),
    max_position_embeddings: z.int().min(1).meta(about("Longest sequence.", "tokens")),
    tie_word_embeddings: z.boolean().meta(about("Whether the output uses the embedding's weights.")),
    ...familyKeys,
  })
  .superRefine((model, context) => {
    const refuse = (path: keyof typeof model, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (model.num_attention_heads % model.num_key_value_heads !== 0)
      refuse("num_key_value_heads", `does not divide num_attention_heads (${model.num_attention_heads})`);
    if (model.head_dim % 2 !== 0) refuse("head_dim", "is odd: rotary embedding turns pairs");
    const { model_type: type = "qwen3_moe" } = model;
    for (const key of ["num_experts", "num_experts_per_tok", "moe_intermediate_size"] as const)
      if (model[key] > 0 === DENSE.has(type))
        refuse(key, DENSE.has(type) ? `must be 0, ${type} has no experts` : "is 0, at least 1 is needed");
    if (model.num_experts_per_tok > model.num_experts)
      refuse("num_experts_per_tok", `is more than num_experts (${model.num_experts})`);
    const known = familyKeysOf(type);
    for (const key of KEYS_OF[type].needs) if (model[key] === undefined) refuse(key, `is missing, ${type} needs it`);
    for (const key of FAMILY_KEYS)
      if (model[key] !== undefined && !known.includes(key)) refuse(key, `is not a key of ${type}`);
    if ((model.qk_rope_head_dim ?? 0) % 2 !== 0) refuse("qk_rope_head_dim", "is odd: rotary embedding turns pairs");
    const groups = model.n_group ?? 1;
    if (model.num_experts % groups !== 0) refuse("n_group", `does not divide num_experts (${model.num_experts})`);
    if ((model.topk_group ?? 1) > groups) refuse("topk_group", `is more than n_group (${groups})`);
  });

export type ModelConfig = z.infer<typeof modelConfigSchema>;
