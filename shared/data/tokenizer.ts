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
  /** The text; special tokens read as they are spelled, bytes that are no UTF-8 read U+FFFD. @throws BlockZeroError TOKEN_UNKNOWN */
  decode(ids: ArrayLike<number | bigint>): string;
  /** UTF-8 bytes of the text that tokens stand for; a special token stands for none. @throws BlockZeroError TOKEN_UNKNOWN */
  bytesOf(ids: ArrayLike<number | bigint>): number;
}
