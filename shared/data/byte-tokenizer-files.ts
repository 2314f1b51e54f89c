import { byteTokenizer, SEPARATOR_TEXT } from "./byte-tokenizer.js";

/**
 * The byte tokenizer as a Hugging Face repository has it: byte-pair encoding without merges, whose ids are the bytes. Same ids, in transformers and
 * here.
 */
export const byteTokenizerFiles = (): Readonly<Record<"tokenizer.json" | "tokenizer_config.json", string>> => {
  const added = { id: byteTokenizer.endOfDocument, content: SEPARATOR_TEXT };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const document = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{ ...added, ...flags }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(characters().map((character, byte) => [character, byte])),
      merges: [],
    },
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    eos_token: SEPARATOR_TEXT,
    add_bos_token: false,
    clean_up_tokenization_spaces: false,
    model_max_length: 1_000_000,
  };
  return { "tokenizer.json": lines(document), "tokenizer_config.json": lines(config) };
};

/** GPT-2's printable character for each byte (`bytes_to_unicode`). */
const characters = (): readonly string[] => {
  let others = 0;
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : 256 + others++));
};

const lines = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;
