import { z } from "zod";
import { about } from "./about.js";

const factor = z.number().min(1).meta(about("How many times more positions than it was trained for."));
const original = z.int().min(1).meta(about("Positions that it was trained for.", "tokens"));
const number = (description: string) => z.number().positive().meta(about(description));

/**
 * How a rotary embedding is extended beyond the positions that it was trained for, with the names of transformers' `rope_parameters`
 * (`modeling_rope_utils.py`). A missing key has the default of transformers.
 */
export const ropeScalingSchema = z.discriminatedUnion("rope_type", [
  z.strictObject({ rope_type: z.literal("linear"), factor }),
  z.strictObject({ rope_type: z.literal("dynamic"), factor }),
  z.strictObject({
    rope_type: z.literal("yarn"),
    factor,
    original_max_position_embeddings: original.optional(),
    attention_factor: number("Factor on cos and sin; unset: 0.1 · ln(factor) + 1.").optional(),
    beta_fast: number("Pairs that turn more often than this are not stretched; unset: 32.").optional(),
    beta_slow: number("Pairs that turn less often than this are stretched whole; unset: 1.").optional(),
    mscale: z.number().meta(about("DeepSeek's weight of ln(factor) in the factor on cos and sin.")).optional(),
    mscale_all_dim: z.number().meta(about("The same in what that is divided by.")).optional(),
    truncate: z.boolean().meta(about("Whether the borders between pairs are whole; unset: true.")).optional(),
  }),
  z.strictObject({
    rope_type: z.literal("llama3"),
    factor,
    low_freq_factor: number("Pairs that turn less often in the original length are stretched whole."),
    high_freq_factor: number("Pairs that turn more often in it are not stretched."),
    original_max_position_embeddings: original,
  }),
]);

export type RopeScaling = z.infer<typeof ropeScalingSchema>;
