import { z } from "zod";

/** What a `generation_config.json` says, as far as it counts here. */
export interface GenerationSettings {
  /** Ids that end a text. */
  readonly ends: readonly number[];
  /** Divides what the model gives to tokens that are there already; 1 does nothing. */
  readonly repetitionPenalty: number;
  /** Names of what else transformers applies, under greedy decoding too, and is not applied here. */
  readonly ignored: readonly string[];
}

const endsSchema = z.object({ eos_token_id: z.union([z.int(), z.array(z.int())]).nullish() });
const penaltySchema = z.number().positive();
const documentSchema = z.record(z.string(), z.unknown());

/**
 * What transformers makes processors of in `GenerationMixin._get_logits_processor` (5.24), or of another search than one token after another, whether
 * it samples or not; with the value that does nothing beside null. Sampling's own (`do_sample`, `temperature`, `top_k`, `top_p` …) and lengths are
 * flags here.
 */
const NEUTRAL: Readonly<Record<string, unknown>> = {
  bad_words_ids: null,
  begin_suppress_tokens: null,
  constraints: null,
  dola_layers: null,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  exponential_decay_length_penalty: null,
  force_words_ids: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  guidance_scale: 1,
  min_length: 0,
  min_new_tokens: 0,
  no_repeat_ngram_size: 0,
  num_beams: 1,
  penalty_alpha: 0,
  sequence_bias: null,
  stop_strings: null,
  suppress_tokens: null,
  watermarking_config: null,
};

/** Reads a parsed `generation_config.json`, or a `config.json`, in which older models have the same. */
export const generationSettings = (document: unknown): GenerationSettings => {
  const fields = documentSchema.safeParse(document).data ?? {};
  const ends = endsSchema.safeParse(fields).data?.eos_token_id ?? [];
  const { repetition_penalty: given = null } = fields;
  const penalty = penaltySchema.safeParse(given);
  const ignored = Object.entries(NEUTRAL).filter(([name, neutral]) => !isNothing(fields[name], neutral));
  return {
    ends: [ends].flat(),
    repetitionPenalty: penalty.success ? penalty.data : 1,
    ignored: [...(given === null || penalty.success ? [] : ["repetition_penalty"]), ...ignored.map(([name]) => name)],
  };
};

const isNothing = (value: unknown, neutral: unknown): boolean =>
  value === undefined || value === null || value === neutral || (Array.isArray(value) && value.length === 0);
