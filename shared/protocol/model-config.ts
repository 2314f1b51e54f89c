import { z } from "zod";
import { about } from "./about.js";

/** The subset of a Hugging Face `Qwen3MoeConfig` that decides shapes and arithmetic; same names, same meaning. */
export const modelConfigSchema = z
  .strictObject({
    vocab_size: z.int().min(2).meta(about("Rows of the embedding. The byte tokenizer uses 257.", "tokens")),
    hidden_size: z.int().min(1).meta(about("Width of the residual stream.")),
    num_hidden_layers: z.int().min(1).meta(about("Layers.")),
    num_attention_heads: z.int().min(1).meta(about("Query heads.")),
    num_key_value_heads: z.int().min(1).meta(about("Key and value heads; they divide the query heads.")),
    head_dim: z.int().min(2).meta(about("Width of a head; even.")),
    num_experts: z.int().min(1).meta(about("Experts of a layer.")),
    num_experts_per_tok: z.int().min(1).meta(about("Experts that a token is sent to.")),
    moe_intermediate_size: z.int().min(1).meta(about("An expert's inner width.")),
    norm_topk_prob: z.boolean().meta(about("Whether the chosen probabilities are made to sum to 1.")),
    rms_norm_eps: z.number().positive().meta(about("Added to the mean square in RMSNorm.")),
    rope_theta: z.number().positive().meta(about("Base of the rotary embedding.")),
    max_position_embeddings: z.int().min(1).meta(about("Longest sequence.", "tokens")),
    tie_word_embeddings: z.boolean().meta(about("Whether the output uses the embedding's weights.")),
  })
  .superRefine((model, context) => {
    const refuse = (path: keyof typeof model, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (model.num_attention_heads % model.num_key_value_heads !== 0)
      refuse("num_key_value_heads", `does not divide num_attention_heads (${model.num_attention_heads})`);
    if (model.head_dim % 2 !== 0) refuse("head_dim", "is odd: rotary embedding turns pairs");
    if (model.num_experts_per_tok > model.num_experts)
      refuse("num_experts_per_tok", `is more than num_experts (${model.num_experts})`);
  });

export type ModelConfig = z.infer<typeof modelConfigSchema>;
