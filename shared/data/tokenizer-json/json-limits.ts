/** Values that JSON may hold: what is parsed takes memory by them rather than by the file's length. */
const MAX_VALUES = 4_000_000;
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENS = new Set([0x5b, 0x7b]);
const CLOSES = new Set([0x5d, 0x7d]);

/** Why JSON is not to be parsed, or null: its values are counted, and how deep they lie in each other. */
export const jsonExcess = (bytes: Uint8Array): string | null => {
  let values = 0;
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === COMMA) values++;
    else if (OPENS.has(byte)) {
      values++;
      if (++depth > MAX_DEPTH) return `it is more than ${MAX_DEPTH} deep`;
    } else if (CLOSES.has(byte)) depth--;
    if (values > MAX_VALUES) return `it holds more than ${MAX_VALUES} values`;
  }
  return null;
};
