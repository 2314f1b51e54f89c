/** What JSON may hold: reading it takes time and memory by its values and their depth, far more than by its length. */
export interface JsonLimits {
  /** One for the text, and one for each comma, array and object. */
  readonly values: number;
  /** How deep arrays and objects lie in each other. */
  readonly depth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENS = new Set([0x5b, 0x7b]);
const CLOSES = new Set([0x5d, 0x7d]);

/** Why JSON of a stranger is not to be parsed, or null. It need not be JSON. */
export const jsonExcess = (bytes: Uint8Array, most: JsonLimits): string | null => {
  let values = 1;
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === COMMA) values++;
    else if (OPENS.has(byte)) {
      values++;
      if (++depth > most.depth) return `it is more than ${most.depth} deep`;
    } else if (CLOSES.has(byte)) depth--;
    if (values > most.values) return `it holds more than ${most.values} values`;
  }
  return null;
};

/** Beyond these a document has no more than one value for each four bytes: a list of one-letter texts has as many. */
const FREE_VALUES = 1 << 14;
const BYTES_PER_VALUE = 4;
const DOCUMENT_DEPTH = 32;

/** The same of a document of the protocol: a stranger's brackets alone would take many times as long as what may stand there. */
export const documentExcess = (bytes: Uint8Array): string | null =>
  jsonExcess(bytes, { values: FREE_VALUES + Math.floor(bytes.length / BYTES_PER_VALUE), depth: DOCUMENT_DEPTH });
