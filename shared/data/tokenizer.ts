/** Text as ids of tokens and back. */
export interface Tokenizer {
  /** `byte`, or the SHA-256 of the file that it was read from. */
  readonly name: string;
  /** Ids that may occur: the largest and one. A model's vocabulary has at least so many rows. */
  readonly size: number;
  /** Whether a token has that id; below `size` there may be holes. */
  has(id: number): boolean;
  /** The id after each document. */
  readonly endOfDocument: number;
  /** The id before each document; null for a tokenizer that has none. */
  readonly startOfDocument: number | null;
  /** Special tokens as they are spelled, with their ids. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Ids of a text, without separators. Text that spells a special token stays text, so that no document can forge one. */
  encode(text: string): Uint32Array;
  /** Ids of a text of one's own, such as a rendered chat template: text that spells a special token becomes that token. */
  encodePrompt(text: string): Uint32Array;
  /** Of a text of one's own that stands in parts: the ids of the whole, as `encodePrompt` gives them, and which of them are each part's. */
  encodeParts(parts: readonly string[]): EncodedParts;
  /** The text; special tokens read as they are spelled, bytes that are no UTF-8 read U+FFFD. @throws BlockZeroError TOKEN_UNKNOWN */
  decode(ids: ArrayLike<number | bigint>): string;
  /** UTF-8 bytes of the text that tokens stand for; a special token stands for none. @throws BlockZeroError TOKEN_UNKNOWN */
  bytesOf(ids: ArrayLike<number | bigint>): number;
}

/** A text in parts as ids. */
export interface EncodedParts {
  readonly ids: Uint32Array;
  /** Of each part the places of the ids that have something of it, from the first to before the last; what spans a border is of both its sides. */
  readonly places: readonly { readonly from: number; readonly to: number }[];
}

/** Where in a text's ids a border of the text is: how many stand wholly before it, and how many have something before it. */
export interface Border {
  readonly before: number;
  readonly upTo: number;
}

/** Places of parts by the borders at their ends. */
export const placesOf = (parts: readonly string[], ends: readonly Border[]): EncodedParts["places"] =>
  parts.map((part, i) => {
    const from = ends[i - 1]?.before ?? 0;
    return { from, to: part === "" ? from : ends[i]!.upTo };
  });
