import { MAX_BLOCK } from "./frames.js";
import { type HuffmanTable, readHuffman, readHuffmanTable } from "./huffman.js";

/** The literals of a block, how they are coded, and where what follows them begins. */
export interface Literals {
  readonly bytes: Uint8Array;
  /** The code that a later block of the frame may use again. */
  readonly code: HuffmanTable | null;
  readonly next: number;
}

const RAW = 0;
const REPEATED = 1;
const WITHOUT_TABLE = 3;

/** Reads the literals section of a block (RFC 8878, 3.1.1.3.1). @throws Error for what is none */
export const readLiterals = (bytes: Uint8Array, from: number, end: number, code: HuffmanTable | null): Literals => {
  const type = bytes[from]! & 3;
  const header = type <= REPEATED ? plainHeader(bytes, from) : codedHeader(bytes, from);
  const next = header.at + header.length;
  if (next > end || header.made > MAX_BLOCK) throw invalid();
  if (type === RAW) return { bytes: bytes.subarray(header.at, next), code, next };
  const made = new Uint8Array(header.made);
  if (type === REPEATED) return { bytes: made.fill(bytes[header.at]!), code, next };
  const described =
    type === WITHOUT_TABLE ? { table: code, next: header.at } : readHuffmanTable(bytes, header.at, next);
  if (described.table === null) throw invalid();
  readStreams(described.table, bytes, { from: described.next, end: next }, header.streams, made);
  return { bytes: made, code: described.table, next };
};

interface Header {
  /** Where the section's bytes begin, how many there are, and how many literals they make. */
  readonly at: number;
  readonly length: number;
  readonly made: number;
  readonly streams: 1 | 4;
}

const plainHeader = (bytes: Uint8Array, from: number): Header => {
  const first = bytes[from]!;
  const format = (first >> 2) & 3;
  const width = format === 1 ? 2 : format === 3 ? 3 : 1;
  const word = first | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16);
  const made = width === 1 ? first >> 3 : width === 2 ? (word & 0xffff) >> 4 : word >> 4;
  return { at: from + width, length: (first & 3) === RAW ? made : 1, made, streams: 1 };
};

const codedHeader = (bytes: Uint8Array, from: number): Header => {
  const format = (bytes[from]! >> 2) & 3;
  const bits = [10, 10, 14, 18][format]!;
  const word = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
  const mask = (1 << bits) - 1;
  const made = (word >>> 4) & mask;
  const length = ((word >>> (4 + bits)) | (format === 3 ? bytes[from + 4]! << 10 : 0)) & mask;
  return { at: from + (4 + 2 * bits) / 8, length, made, streams: format === 0 ? 1 : 4 };
};

/** One stream, or four with a quarter of the literals each, whose lengths stand before them. */
const readStreams = (
  table: HuffmanTable,
  bytes: Uint8Array,
  { from, end }: { readonly from: number; readonly end: number },
  streams: 1 | 4,
  into: Uint8Array,
): void => {
  if (streams === 1) {
    readHuffman(table, bytes, { from, end }, into);
    return;
  }
  const quarter = (into.length + 3) >> 2;
  let at = from + 6;
  for (let stream = 0; stream < 4; stream++) {
    const length = bytes[from + 2 * stream]! | (bytes[from + 2 * stream + 1]! << 8);
    const next = stream === 3 ? end : at + length;
    if (next > end || 3 * quarter > into.length) throw invalid();
    const part = into.subarray(stream * quarter, Math.min(into.length, (stream + 1) * quarter));
    readHuffman(table, bytes, { from: at, end: next }, part);
    at = next;
  }
};

const invalid = () => new Error("invalid literals");
