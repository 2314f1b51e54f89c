import { type Border, placesOf, type Tokenizer } from "./tokenizer.js";
import { unknownToken } from "./unknown-token.js";

const END_OF_DOCUMENT = 256;
export const SEPARATOR_TEXT = "<|endoftext|>";

const encoder = new TextEncoder();
// A byte order mark inside a document is text like any other: dropping it would break the round trip.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Byte-level tokens: ids 0–255 are the bytes of UTF-8, 256 separates documents. No merges, no file, nothing to agree on.
 * A model may round its vocabulary up for its matrices' sake; the ids above 256 never occur.
 */
export const byteTokenizer: Tokenizer = {
  name: "byte",
  size: END_OF_DOCUMENT + 1,
  endOfDocument: END_OF_DOCUMENT,
  startOfDocument: null,
  has: (id) => id >= 0 && id <= END_OF_DOCUMENT,
  specialTokens: new Map([[SEPARATOR_TEXT, END_OF_DOCUMENT]]),
  encode: (text) => Uint32Array.from(encoder.encode(text)),
  encodePrompt(text) {
    const ids: number[] = [];
    for (const [i, part] of text.split(SEPARATOR_TEXT).entries()) {
      if (i > 0) ids.push(END_OF_DOCUMENT);
      for (const byte of encoder.encode(part)) ids.push(byte);
    }
    return Uint32Array.from(ids);
  },
  encodeParts(parts) {
    const ids = byteTokenizer.encodePrompt(parts.join(""));
    const ends: Border[] = [];
    let read = 0;
    let token = 0;
    let end = 0;
    for (const part of parts) {
      end += Buffer.byteLength(part);
      let before = token;
      while (read < end) {
        before = token;
        read += ids[token++] === END_OF_DOCUMENT ? SEPARATOR_TEXT.length : 1;
      }
      ends.push({ before: read === end ? token : before, upTo: token });
    }
    return { ids, places: placesOf(parts, ends) };
  },
  decode(ids) {
    const parts: string[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      parts.push(decoder.decode(Uint8Array.from(bytes)));
      bytes = [];
    };
    for (let i = 0; i < ids.length; i++) {
      const id = checkedId(ids[i]);
      if (id !== END_OF_DOCUMENT) bytes.push(id);
      else {
        flush();
        parts.push(SEPARATOR_TEXT);
      }
    }
    flush();
    return parts.join("");
  },
  bytesOf(ids) {
    let bytes = 0;
    for (let i = 0; i < ids.length; i++) if (checkedId(ids[i]) !== END_OF_DOCUMENT) bytes++;
    return bytes;
  },
};

const checkedId = (value: number | bigint | undefined): number => {
  const id = Number(value);
  if (!Number.isInteger(id) || id < 0 || id > END_OF_DOCUMENT) throw unknownToken(id);
  return id;
};
