import { bitsAt, lastBit } from "./bits.js";
import { readFseTable } from "./fse-table.js";

/** Which symbol the next `log` bits begin with, and how many of them are its own (RFC 8878, 4.2.1). */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

/** The longest code, bits. */
const MAX_LOG = 11;
/** Of the table in which weights are written. */
const WEIGHTS = { log: 6, symbol: 255 };

/** Reads a table's description, and where it ends. @throws Error for what is none */
export const readHuffmanTable = (
  bytes: Uint8Array,
  from: number,
  end: number,
): { readonly table: HuffmanTable; readonly next: number } => {
  const header = bytes[from]!;
  const first = from + 1;
  const next = first + (header < 128 ? header : (header - 126) >> 1);
  if (from >= end || next > end) throw invalid();
  const weights =
    header < 128
      ? packedWeights(bytes, first, next)
      : Array.from({ length: header - 127 }, (_, i) => (bytes[first + (i >> 1)]! >> (i & 1 ? 0 : 4)) & 15);
  return { table: huffmanTable(weights), next };
};

/** Weights by two states that take turns, to the last bit. */
const packedWeights = (bytes: Uint8Array, from: number, end: number): number[] => {
  const { table, next } = readFseTable(bytes, from, end, WEIGHTS);
  const { log, symbols, bits, bases } = table;
  let at = lastBit(bytes, next, end) - 2 * log;
  const start = 8 * next;
  if (at < start) throw invalid();
  let now = bitsAt(bytes, at + log, log);
  let then = bitsAt(bytes, at, log);
  const weights: number[] = [];
  while (weights.length < 255) {
    weights.push(symbols[now]!);
    const width = bits[now]!;
    at -= width;
    if (at < start) {
      weights.push(symbols[then]!);
      return weights;
    }
    [now, then] = [then, bases[now]! + bitsAt(bytes, at, width)];
  }
  throw invalid();
};

/** A symbol of weight w > 0 has one in 2^(1 - w) of the sum's places; the last symbol's weight is what a power of two lacks. */
const huffmanTable = (weights: number[]): HuffmanTable => {
  let sum = 0;
  for (const weight of weights) {
    if (weight > MAX_LOG) throw invalid();
    if (weight > 0) sum += 1 << (weight - 1);
  }
  const log = 32 - Math.clz32(sum);
  const left = (1 << log) - sum;
  if (sum === 0 || log > MAX_LOG || (left & (left - 1)) !== 0 || weights.length > 255) throw invalid();
  const all = [...weights, 32 - Math.clz32(left)];
  const symbols = new Uint8Array(1 << log);
  const bits = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight++)
    for (const [symbol, own] of all.entries()) {
      if (own !== weight) continue;
      const places = 1 << (weight - 1);
      symbols.fill(symbol, at, at + places);
      bits.fill(log + 1 - weight, at, at + places);
      at += places;
    }
  if (at !== 1 << log) throw invalid();
  return { log, symbols, bits };
};

/** Decodes `count` symbols from the bits of `from` to `end`, which must be all of them. @throws Error where they are not */
export const readHuffman = (
  { log, symbols, bits }: HuffmanTable,
  bytes: Uint8Array,
  { from, end }: { readonly from: number; readonly end: number },
  into: Uint8Array,
): void => {
  const start = 8 * from;
  let at = lastBit(bytes, from, end);
  for (let i = 0; i < into.length; i++) {
    // Near the start the lowest of them are of what stands before, and of no code.
    const next = bitsAt(bytes, at - log, log);
    into[i] = symbols[next]!;
    at -= bits[next]!;
    if (at < start) throw invalid();
  }
  if (at !== start) throw invalid();
};

const invalid = () => new Error("invalid Huffman code");
