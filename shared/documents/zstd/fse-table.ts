import { bitsAt } from "./bits.js";

/** What each state of a decoder says, and how the next one follows: `bases[state]` and so many bits (RFC 8878, 4.1.1). */
export interface FseTable {
  /** Bits of the first state. */
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

/** A table by how many of its 2^log states each symbol has; -1 is a single one of full length. @throws Error where they are others */
export const fseTable = (log: number, counts: readonly number[]): FseTable => {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = counts.map(Math.abs);
  let free = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) symbols[--free] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (const [symbol, count] of counts.entries())
    for (let i = 0; i < count; i++) {
      symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= free);
    }
  if (at !== 0) throw new Error("invalid FSE table");
  for (let state = 0; state < size; state++) {
    const following = next[symbols[state]!]!++;
    const width = log - 31 + Math.clz32(following);
    bits[state] = width;
    bases[state] = (following << width) - size;
  }
  return { log, symbols, bits, bases };
};

/** The table of a single symbol, which takes no bits. */
export const singleFseTable = (symbol: number): FseTable => ({
  log: 0,
  symbols: Uint8Array.of(symbol),
  bits: Uint8Array.of(0),
  bases: Uint16Array.of(0),
});

export interface FseLimits {
  readonly log: number;
  /** The largest symbol. */
  readonly symbol: number;
}

/** Reads a table's description, and where it ends. @throws Error for what is none */
export const readFseTable = (
  bytes: Uint8Array,
  from: number,
  end: number,
  limits: FseLimits,
): { readonly table: FseTable; readonly next: number } => {
  let at = 8 * from;
  const read = (count: number): number => {
    const value = bitsAt(bytes, at, count);
    at += count;
    return value;
  };
  const log = read(4) + 5;
  if (log > limits.log) throw new Error("invalid FSE table");
  const counts: number[] = [];
  for (let left = 1 << log; left > 0; ) {
    // Of `left` + 2 values that may come the lower ones take a bit less.
    const width = 32 - Math.clz32(left + 1);
    const short = (1 << width) - 2 - left;
    let value = read(width - 1);
    if (value >= short) {
      value += read(1) << (width - 1);
      if (value >= 1 << (width - 1)) value -= short;
    }
    const count = value - 1;
    counts.push(count);
    left -= Math.abs(count);
    if (count === 0)
      for (let more = 3; more === 3; ) {
        more = read(2);
        for (let i = 0; i < more; i++) counts.push(0);
        if (counts.length > limits.symbol) break;
      }
    if (left < 0 || counts.length > limits.symbol + 1 || at > 8 * end) throw new Error("invalid FSE table");
  }
  return { table: fseTable(log, counts), next: (at + 7) >> 3 };
};
