/**
 * Byte-level tokens: ids 0–255 are the bytes of UTF-8, 256 separates documents. No merges, no file, nothing to agree on.
 * A model may round its vocabulary up for its matrices' sake; the ids above 256 never occur.
 */
export interface Tokenizer {
  readonly name: "byte";
  /** Ids that occur: 257. */
  readonly size: number;
  /** The id between two documents, `<|endoftext|>`. */
  readonly endOfDocument: number;
  /** UTF-8 bytes as ids; text that spells the separator stays bytes, so no document can forge one. */
  encode(text: string): Uint16Array;
  /** The text; a separator reads `<|endoftext|>`, bytes that are no UTF-8 read U+FFFD, ids above 256 throw a RangeError. */
  decode(ids: ArrayLike<number | bigint>): string;
}

const END_OF_DOCUMENT = 256;
const SEPARATOR_TEXT = "<|endoftext|>";

const encoder = new TextEncoder();
// A byte order mark inside a document is text like any other: dropping it would break the round trip.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export const byteTokenizer: Tokenizer = {
  name: "byte",
  size: END_OF_DOCUMENT + 1,
  endOfDocument: END_OF_DOCUMENT,
  encode: (text) => new Uint16Array(encoder.encode(text)),
  decode(ids) {
    const parts: string[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      parts.push(decoder.decode(Uint8Array.from(bytes)));
      bytes = [];
    };
    for (let i = 0; i < ids.length; i++) {
      const id = Number(ids[i]);
      if (!Number.isInteger(id) || id < 0 || id > END_OF_DOCUMENT) throw new RangeError(`no token has the id ${id}`);
      if (id !== END_OF_DOCUMENT) bytes.push(id);
      else {
        flush();
        parts.push(SEPARATOR_TEXT);
      }
    }
    flush();
    return parts.join("");
  },
};

/**
 * Bits per byte of a mean cross-entropy in nats per token. With byte tokens a token is a byte, but for the one separator
 * a document, so no correction for length is needed.
 */
export const bitsPerByte = (lossNats: number): number => lossNats / Math.LN2;
