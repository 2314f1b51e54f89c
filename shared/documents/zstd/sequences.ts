import { bitsAt, lastBit } from "./bits.js";
import { MAX_BLOCK } from "./frames.js";
import { type FseTable, fseTable, readFseTable, singleFseTable } from "./fse-table.js";
import type { ZstdWindow } from "./window.js";

/** What a frame's blocks hand on to the next. */
export interface SequenceState {
  tables: SequenceTables | null;
  /** The newest offsets that differ, the last one first. */
  offsets: [number, number, number];
}

type Kind = "literals" | "offsets" | "matches";
type SequenceTables = Readonly<Record<Kind, FseTable>>;

export const newSequenceState = (): SequenceState => ({ tables: null, offsets: [1, 4, 8] });

/** The table of counts, of which `2*11` are eleven. */
const tableOf = (log: number, counts: string): FseTable => {
  const all = counts.split(" ").flatMap((part) => {
    const [count, times = 1] = part.split("*").map(Number);
    return Array.from({ length: times }, () => count!);
  });
  return fseTable(log, all);
};

/** In the order of their descriptions (RFC 8878, 3.1.1.3.2.1); what each table is where none is described (3.1.1.3.2.2). */
const KINDS: readonly {
  readonly kind: Kind;
  readonly log: number;
  readonly symbol: number;
  readonly usual: FseTable;
}[] = [
  { kind: "literals", log: 9, symbol: 35, usual: tableOf(6, "4 3 2*11 1*3 2*9 3 2 1*5 -1*4") },
  { kind: "offsets", log: 8, symbol: 31, usual: tableOf(5, "1*6 2*3 1*15 -1*5") },
  { kind: "matches", log: 9, symbol: 52, usual: tableOf(6, "1 4 3 2*6 1*37 -1*7") },
];

/** What a code stands for: `bases[code]` and a number of so many bits (RFC 8878, 3.1.1.3.2.1.1). */
interface Codes {
  readonly bases: readonly number[];
  readonly bits: readonly number[];
}

const codes = (first: number, plain: number, bits: readonly number[]): Codes => {
  const all = [...Array.from({ length: plain }, () => 0), ...bits];
  const bases: number[] = [];
  let base = first;
  for (const width of all) {
    bases.push(base);
    base += 2 ** width;
  }
  return { bases, bits: all };
};

const LITERAL_CODES = codes(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_CODES = codes(3, 32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

/**
 * Reads the sequences section of a block and makes the block by it (RFC 8878, 3.1.1.3.2 and 3.1.1.4): each sequence copies literals, then bytes that
 * stood before. The work is bounded by `MAX_BLOCK`, whatever a sequence says.
 *
 * @returns the bytes of `out` that were made
 * @throws Error for what is none
 */
export const makeBlock = (
  bytes: Uint8Array,
  { from, end }: { readonly from: number; readonly end: number },
  literals: Uint8Array,
  state: SequenceState,
  window: ZstdWindow,
  out: Uint8Array,
): number => {
  const { count, next } = readCount(bytes, from, end);
  let made = 0;
  let used = 0;
  if (count > 0) {
    const described = readTables(bytes, next, end, state.tables);
    state.tables = described.tables;
    const { literals: literalTable, offsets: offsetTable, matches: matchTable } = described.tables;
    const start = 8 * described.next;
    let at = lastBit(bytes, described.next, end);
    const read = (width: number): number => {
      at -= width;
      return bitsAt(bytes, at, width);
    };
    let literalState = read(literalTable.log);
    let offsetState = read(offsetTable.log);
    let matchState = read(matchTable.log);
    for (let left = count; left > 0; left--) {
      const width = offsetTable.symbols[offsetState]!;
      const high = width > 16 ? read(width - 16) * 65_536 : 0;
      const value = 2 ** width + high + read(Math.min(width, 16));
      const matchCode = matchTable.symbols[matchState]!;
      const length = MATCH_CODES.bases[matchCode]! + read(MATCH_CODES.bits[matchCode]!);
      const literalCode = literalTable.symbols[literalState]!;
      const plain = LITERAL_CODES.bases[literalCode]! + read(LITERAL_CODES.bits[literalCode]!);
      if (left > 1) {
        literalState = literalTable.bases[literalState]! + read(literalTable.bits[literalState]!);
        matchState = matchTable.bases[matchState]! + read(matchTable.bits[matchState]!);
        offsetState = offsetTable.bases[offsetState]! + read(offsetTable.bits[offsetState]!);
      }
      const offset = offsetOf(state.offsets, value, plain === 0);
      if (at < start || used + plain > literals.length || made + plain + length > MAX_BLOCK) throw invalid();
      for (let i = 0; i < plain; i++) out[made + i] = literals[used + i]!;
      used += plain;
      made += plain;
      if (offset === 0 || offset > made + window.held) throw invalid();
      const before = Math.min(length, Math.max(0, offset - made));
      if (before > 0) window.copy(offset - made, out, made, before);
      for (let i = made + before; i < made + length; i++) out[i] = out[i - offset]!;
      made += length;
    }
    if (at !== start) throw invalid();
  } else if (next !== end) throw invalid();
  const rest = literals.subarray(used);
  if (made + rest.length > MAX_BLOCK) throw invalid();
  out.set(rest, made);
  return made + rest.length;
};

const readCount = (bytes: Uint8Array, from: number, end: number): { readonly count: number; readonly next: number } => {
  const first = bytes[from]!;
  const width = first < 128 ? 1 : first < 255 ? 2 : 3;
  if (from + width > end) throw invalid();
  const second = bytes[from + 1]!;
  const count =
    width === 1 ? first : width === 2 ? ((first - 128) << 8) + second : second + (bytes[from + 2]! << 8) + 0x7f00;
  return { count, next: from + width };
};

const readTables = (
  bytes: Uint8Array,
  from: number,
  end: number,
  former: SequenceTables | null,
): { readonly tables: SequenceTables; readonly next: number } => {
  const modes = bytes[from]!;
  if (from >= end || (modes & 3) !== 0) throw invalid();
  let next = from + 1;
  const read = ({ kind, log, symbol, usual }: (typeof KINDS)[number], mode: number): FseTable => {
    if (mode === 0) return usual;
    if (mode === 1) {
      const single = bytes[next++]!;
      if (next > end || single > symbol) throw invalid();
      return singleFseTable(single);
    }
    if (mode === 2) {
      const described = readFseTable(bytes, next, end, { log, symbol });
      next = described.next;
      return described.table;
    }
    if (former === null) throw invalid();
    return former[kind];
  };
  const [literals, offsets, matches] = KINDS.map((one, i) => read(one, (modes >> (6 - 2 * i)) & 3));
  return { tables: { literals: literals!, offsets: offsets!, matches: matches! }, next };
};

/** The offset that a value stands for; 1 to 3 are the newest ones, and one further where no literals come first (RFC 8878, 3.1.1.5). */
const offsetOf = (offsets: [number, number, number], value: number, isBare: boolean): number => {
  const [first, second, third] = offsets;
  if (value > 3) {
    offsets[0] = value - 3;
    offsets[1] = first;
    offsets[2] = second;
    return value - 3;
  }
  const place = isBare ? value : value - 1;
  if (place === 0) return first;
  const offset = [first, second, third, first - 1][place]!;
  offsets[0] = offset;
  offsets[1] = first;
  if (place > 1) offsets[2] = second;
  return offset;
};

const invalid = () => new Error("invalid sequences");
