import { z } from "zod";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { INITIALIZER_RANGE } from "./init.js";

/** The precisions that a checkpoint's weights come in, as `config.json` calls them, with their safetensors dtype. */
export const CHECKPOINT_DTYPES = { float32: "F32", bfloat16: "BF16", float16: "F16" } as const satisfies Readonly<
  Record<string, FloatDType>
>;

export type CheckpointDType = keyof typeof CHECKPOINT_DTYPES;

/** A complete `Qwen3MoeConfig` of Hugging Face transformers: every layer sparse, no sliding window, plain rotary embedding. */
export const toHuggingFaceConfig = (
  config: ModelConfig,
  dtype: CheckpointDType = "float32",
): Readonly<Record<string, unknown>> => {
  const { endOfDocument } = byteTokenizer;
  // The separator stands between documents: it ends one and begins the next.
  const separator = endOfDocument < config.vocab_size ? endOfDocument : null;
  return {
    architectures: ["Qwen3MoeForCausalLM"],
    model_type: "qwen3_moe",
    ...config,
    ...ARITHMETIC,
    // Of the dense layers, of which there are none.
    intermediate_size: config.moe_intermediate_size,
    max_window_layers: config.num_hidden_layers,
    attention_dropout: 0,
    initializer_range: INITIALIZER_RANGE,
    output_router_logits: false,
    router_aux_loss_coef: 0.001,
    bos_token_id: separator,
    eos_token_id: separator,
    use_cache: true,
    torch_dtype: dtype,
  };
};

/** What our arithmetic assumes beyond `ModelConfig`'s fields. */
const ARITHMETIC = {
  mlp_only_layers: [],
  decoder_sparse_step: 1,
  attention_bias: false,
  hidden_act: "silu",
  rope_scaling: null,
  use_sliding_window: false,
  sliding_window: null,
} as const;

const dtypeSchema = z.enum(Object.keys(CHECKPOINT_DTYPES)).nullish();

/** Those assumptions as a reader checks them; a field left out means transformers' default, which is the same. */
const arithmeticSchema = z.object({
  model_type: z.literal("qwen3_moe"),
  mlp_only_layers: z.array(z.int()).max(0, "dense layers are not supported").nullish(),
  decoder_sparse_step: z.literal(ARITHMETIC.decoder_sparse_step).optional(),
  attention_bias: z.literal(ARITHMETIC.attention_bias).optional(),
  hidden_act: z.literal(ARITHMETIC.hidden_act).optional(),
  rope_scaling: z.null().optional(),
  use_sliding_window: z.literal(ARITHMETIC.use_sliding_window).optional(),
  torch_dtype: dtypeSchema,
  dtype: dtypeSchema,
  quantization_config: z.null("quantized weights are not supported").optional(),
});

/** What transformers 5 calls otherwise: the rotary base, in a field of its own, and the number of experts. */
const version5Schema = z.object({
  rope_parameters: z.object({ rope_theta: z.number(), rope_type: z.literal("default").optional() }).optional(),
  num_local_experts: z.int().optional(),
});

/** Fields that may be left out, since transformers has a default for them; most files have them all the same. */
const defaultsSchema = z.object({
  hidden_size: z.int(),
  num_attention_heads: z.int().min(1),
  head_dim: z.int().nullish(),
  norm_topk_prob: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(false),
});

/** `Qwen3MoeConfig` knows no `head_dim` of its own: without one the heads share the hidden size. */
const withDefaults = ({ hidden_size, num_attention_heads, head_dim, ...others }: z.infer<typeof defaultsSchema>) => ({
  ...others,
  head_dim: head_dim ?? hidden_size / num_attention_heads,
});

/**
 * The part of a `config.json` that decides shapes and arithmetic. Fields that decide neither (dropout, cache, token ids) are ignored.
 *
 * @param document parsed JSON, of transformers 4 or 5
 * @param what     its name in an error
 * @throws BlockZeroError CHECKPOINT_MALFORMED naming the field
 */
export const fromHuggingFaceConfig = (document: unknown, what: string): ModelConfig => {
  checked(arithmeticSchema, document, what);
  const { rope_parameters: rotary, num_local_experts } = checked(version5Schema, document, what);
  const renamed = {
    ...(rotary && { rope_theta: rotary.rope_theta }),
    ...(num_local_experts !== undefined && { num_experts: num_local_experts }),
  };
  const defaults = withDefaults(checked(defaultsSchema, document, what));
  const fields = checked(z.object(modelConfigSchema.shape), { ...renamed, ...Object(document), ...defaults }, what);
  return checked(modelConfigSchema, fields, what);
};

const checked = <T>(schema: z.ZodType<T>, document: unknown, what: string): T => {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new BlockZeroError(
    "CHECKPOINT_MALFORMED",
    `${what}: ${issue.path.join(".") || "the document"}: ${issue.message}`,
    "only Qwen3-MoE models with every layer sparse and default rotary embedding are read",
    { cause: result.error },
  );
};
