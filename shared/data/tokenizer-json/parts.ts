import { z } from "zod";

// What surrounds the model in a tokenizer.json, of what language models use; names and meaning as in the Rust library `tokenizers`.

const pattern = z.union([
  z.object({ String: z.string().min(1).max(256) }),
  z.object({ Regex: z.string().min(1).max(4096) }),
]);

const leafNormalizer = z.discriminatedUnion("type", [
  z.object({ type: z.literal("NFC") }),
  z.object({ type: z.literal("NFD") }),
  z.object({ type: z.literal("NFKC") }),
  z.object({ type: z.literal("NFKD") }),
  z.object({ type: z.literal("Lowercase") }),
  z.object({ type: z.literal("Prepend"), prepend: z.string().max(16) }),
  z.object({ type: z.literal("Replace"), pattern, content: z.string().max(16) }),
  z.object({ type: z.literal("StripAccents") }),
  z.object({ type: z.literal("Strip"), strip_left: z.boolean(), strip_right: z.boolean() }),
  z.object({
    type: z.literal("BertNormalizer"),
    clean_text: z.boolean().default(true),
    handle_chinese_chars: z.boolean().default(true),
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean().default(true),
  }),
  z.object({ type: z.literal("Precompiled"), precompiled_charsmap: z.base64() }),
]);

/** A split at a pattern of ours. */
const splitAt = (regex: string, behavior: "Isolated" | "Removed") => ({
  type: "Split" as const,
  pattern: { Regex: regex },
  behavior,
  invert: false,
});

const leafPreTokenizer = z.union([
  z.object({
    type: z.literal("Split"),
    pattern,
    behavior: z.enum(["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]),
    invert: z.boolean(),
  }),
  z.object({
    type: z.literal("ByteLevel"),
    add_prefix_space: z.boolean().default(true),
    use_regex: z.boolean().default(true),
  }),
  z.object({
    type: z.literal("Metaspace"),
    replacement: z.literal("▁"),
    prepend_scheme: z.enum(["always", "first", "never"]).default("always"),
    split: z.boolean().default(true),
  }),
  // The Rust library's digits are all that is numeric, U+2460 too; the JavaScript library's are not.
  z
    .object({ type: z.literal("Digits"), individual_digits: z.boolean().default(false) })
    .transform(({ individual_digits }) => splitAt(individual_digits ? "\\p{N}" : "\\p{N}+", "Isolated")),
  z.object({ type: z.literal("WhitespaceSplit") }).transform(() => splitAt("\\p{White_Space}", "Removed")),
  z.object({ type: z.literal("BertPreTokenizer") }),
]);

const leafDecoder = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ByteLevel") }),
  z.object({ type: z.literal("Metaspace"), replacement: z.literal("▁") }),
  z.object({ type: z.literal("Replace"), pattern: z.object({ String: z.literal("▁") }), content: z.literal(" ") }),
  z.object({ type: z.literal("ByteFallback") }),
  z.object({ type: z.literal("Fuse") }),
  z.object({ type: z.literal("Strip"), content: z.literal(" "), start: z.int().min(0).max(1), stop: z.literal(0) }),
  z.object({ type: z.literal("WordPiece"), prefix: z.string().max(16).default("##") }),
]);

/** Steps of a sequence. */
const MAX_STEPS = 16;

/** Longer text than this times what came in is refused: rules could make a document any size. */
const MAX_GROWTH = 4;

type Normalizer = z.infer<typeof leafNormalizer>;

const growth = (steps: readonly Normalizer[]): number =>
  steps.reduce((product, step) => product * ("content" in step ? Math.max(1, step.content.length) : 1), 1);

const normalizer = z
  .union([
    leafNormalizer.transform((one) => [one]),
    z
      .object({ type: z.literal("Sequence"), normalizers: z.array(leafNormalizer).max(MAX_STEPS) })
      .transform(({ normalizers }) => normalizers),
    z.null().transform((): Normalizer[] => []),
  ])
  .refine((steps) => growth(steps) <= MAX_GROWTH, `makes text more than ${MAX_GROWTH} times as long`);

const preTokenizer = z.union([
  leafPreTokenizer.transform((one) => [one]),
  z
    .object({ type: z.literal("Sequence"), pretokenizers: z.array(leafPreTokenizer).max(MAX_STEPS) })
    .transform(({ pretokenizers }) => pretokenizers),
  z.null().transform((): z.infer<typeof leafPreTokenizer>[] => []),
]);

const decoder = z.union([
  leafDecoder.transform((one) => [one]),
  z
    .object({ type: z.literal("Sequence"), decoders: z.array(leafDecoder).max(MAX_STEPS) })
    .transform(({ decoders }) => decoders),
]);

const addedToken = z.object({
  id: z.int().min(0),
  content: z.string().min(1).max(256),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(true),
  special: z.boolean().default(false),
});

const bpe = z.object({
  type: z.literal("BPE"),
  dropout: z.literal(0).nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.literal("").nullish(),
  end_of_word_suffix: z.literal("").nullish(),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
});

const unigram = z.object({
  type: z.literal("Unigram"),
  unk_id: z.int().min(0),
  byte_fallback: z.boolean().default(false),
});

const wordPiece = z.object({
  type: z.literal("WordPiece"),
  unk_token: z.string(),
  continuing_subword_prefix: z.string().max(16).default("##"),
  max_input_chars_per_word: z.int().min(1).max(1000).default(100),
});

/** The parts of a tokenizer.json but for the model's vocabulary and merges; each sequence as the list of its steps. */
export const partsSchema = z.object({
  added_tokens: z
    .array(addedToken)
    .max(65_536)
    // Else text that spells the one would come out as the other, which may be special.
    .refine((tokens) => new Set(tokens.map(({ id }) => id)).size === tokens.length, "two tokens have one id")
    .default([]),
  normalizer: normalizer.default([]),
  pre_tokenizer: preTokenizer.default([]),
  post_processor: z.unknown(),
  decoder,
  model: z.preprocess(
    // Files of old name no type: they are byte-pair encodings.
    (model) => (typeof model === "object" && model !== null && !("type" in model) ? { ...model, type: "BPE" } : model),
    z.discriminatedUnion("type", [bpe, unigram, wordPiece]),
  ),
});

export type TokenizerParts = z.infer<typeof partsSchema>;
export type AddedToken = z.infer<typeof addedToken>;
