import { invalidTokenizer } from "./invalid.js";

/** A character may become at most so many bytes: NFKC's longest is 33. */
const MAX_REPLACEMENT = 64;

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Longer graphemes are looked up character by character. */
const MAX_GRAPHEME_BYTES = 5;

/**
 * SentencePiece's table of replacements, as the normaliser `Precompiled` of the Rust library `tokenizers` reads it (crate `spm_precompiled`): a
 * double-array trie of bytes (Darts), and texts that end in zero. `@huggingface/tokenizers` has a list of its own instead of the table.
 *
 * @param base64 32 bits with the trie's bytes, little-endian; the trie; the texts
 * @throws BlockZeroError TOKENIZER_INVALID
 */
export const readCharsmap = (base64: string): ((text: string) => string) => {
  const bytes = Buffer.from(base64, "base64");
  const trieBytes = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
    throw invalidTokenizer("tokenizer.json: normalizer: precompiled_charsmap is cut short");
  const trie = new Uint32Array(Uint8Array.from(bytes.subarray(4, 4 + trieBytes)).buffer);
  const texts = bytes.subarray(4 + trieBytes);
  refuseLong(texts);

  /** The replacement of the shortest beginning that the trie has; null where it has none. */
  const replacementOf = (key: Uint8Array): string | null => {
    let node = offsetOf(trie[0]!);
    for (const byte of key) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = trie[node];
      if (unit === undefined || (unit & 0x800000ff) !== byte) return null;
      node ^= offsetOf(unit);
      if ((unit & 0x100) !== 0) return textAt(texts, (trie[node] ?? 0) & 0x7fffffff);
    }
    return null;
  };

  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  const known = new Map<string, string>();
  const normalised = (grapheme: string): string => {
    const bytes = utf8.encode(grapheme);
    const whole = bytes.length <= MAX_GRAPHEME_BYTES ? replacementOf(bytes) : null;
    if (whole !== null) return whole;
    return Array.from(grapheme, (character) => replacementOf(utf8.encode(character)) ?? character).join("");
  };
  return (input) => {
    let output = "";
    for (const { segment } of graphemes.segment(input)) {
      let found = known.get(segment);
      if (found === undefined) {
        found = normalised(segment);
        if (known.size < REMEMBERED && segment.length < MAX_REPLACEMENT) known.set(segment, found);
      }
      output += found;
    }
    return output;
  };
};

/** Graphemes whose replacement is remembered. */
const REMEMBERED = 20_000;

/** Darts-clone's offset of a unit. */
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);

const textAt = (texts: Buffer, at: number): string => {
  const end = texts.indexOf(0, at);
  try {
    return text.decode(texts.subarray(at, end === -1 ? undefined : end));
  } catch (cause) {
    throw invalidTokenizer("tokenizer.json: normalizer: precompiled_charsmap holds a text that is not UTF-8", cause);
  }
};

const refuseLong = (texts: Buffer): void => {
  for (let from = 0; from < texts.length; ) {
    const end = texts.indexOf(0, from);
    const length = (end === -1 ? texts.length : end) - from;
    if (length > MAX_REPLACEMENT)
      throw invalidTokenizer(
        `tokenizer.json: normalizer: precompiled_charsmap makes ${length} bytes of a character, at most ${MAX_REPLACEMENT} are read`,
      );
    from += length + 1;
  }
};
