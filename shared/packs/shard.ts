import type { TokenDocument } from "#shared/data/token-source.js";
import { BlockZeroError } from "#shared/errors/error.js";

/**
 * A shard of a pack: documents as tokens. Little-endian:
 *
 * | offset | what |
 * |---|---|
 * | 0 | `BZSHARD1` |
 * | 8 | u32: documents, n ≥ 1 |
 * | 12 | u32: tokens, t ≥ 1 |
 * | 16 | u8: bytes a token, 2 where the tokenizer has at most 65,536 ids, else 4 |
 * | 17 | u8: 1 where there is a loss mask, else 0 |
 * | 18 | six zero bytes |
 * | 24 | n × u32: tokens up to the end of each document, ascending; the last is t |
 * | 24 + 4n | n × u32: UTF-8 bytes of each document's text |
 * | 24 + 8n | t tokens |
 * | | of a mask ⌈t / 8⌉ bytes: bit i mod 8 of byte ⌊i / 8⌋ says whether token i counts; the rest of the last byte is zero |
 *
 * A document has at least one token and one byte. Nothing follows.
 */
export const SHARD_MAGIC = "BZSHARD1";
const HEADER_BYTES = 24;

/** A document of a shard, without the separators that a loader puts around it. */
export interface ShardDocument extends TokenDocument {
  /** UTF-8 bytes of its text. */
  readonly bytes: number;
}

export interface Shard {
  readonly documents: number;
  readonly tokens: number;
  /** UTF-8 bytes of all its documents' text. */
  readonly textBytes: number;
  document(index: number): ShardDocument;
  /** UTF-8 bytes of a document's text. */
  bytesOf(index: number): number;
}

const LARGEST_NARROW = 2 ** 16;

/** @param size the tokenizer's: the largest id and one */
export const encodeShard = (documents: readonly ShardDocument[], size: number): Uint8Array => {
  const tokens = documents.reduce((sum, { ids }) => sum + ids.length, 0);
  const isMasked = documents.some(({ counts }) => counts !== undefined);
  const width = size <= LARGEST_NARROW ? 2 : 4;
  const at = HEADER_BYTES + 8 * documents.length;
  const maskAt = at + width * tokens;
  const memory = new ArrayBuffer(maskAt + (isMasked ? Math.ceil(tokens / 8) : 0));
  const bytes = Buffer.from(memory);
  // As on every machine that Node.js runs on, numbers in memory are little-endian; the tokens begin at a multiple of eight.
  const all = width === 2 ? new Uint16Array(memory, at, tokens) : new Uint32Array(memory, at, tokens);
  bytes.write(SHARD_MAGIC, "latin1");
  bytes.writeUInt32LE(documents.length, 8);
  bytes.writeUInt32LE(tokens, 12);
  bytes.writeUInt8(width, 16);
  bytes.writeUInt8(isMasked ? 1 : 0, 17);
  let token = 0;
  for (const [i, { ids, counts, bytes: textBytes }] of documents.entries()) {
    all.set(ids, token);
    for (let j = 0; isMasked && j < ids.length; j++)
      if (counts === undefined || counts[j] === 1) bytes[maskAt + ((token + j) >> 3)]! |= 1 << ((token + j) & 7);
    token += ids.length;
    bytes.writeUInt32LE(token, HEADER_BYTES + 4 * i);
    bytes.writeUInt32LE(textBytes, HEADER_BYTES + 4 * documents.length + 4 * i);
  }
  return bytes;
};

/**
 * Reads a shard; every length and every id is checked.
 *
 * @param size the tokenizer's: the largest id and one
 * @throws BlockZeroError PACK_MALFORMED
 */
export const decodeShard = (bytes: Uint8Array, size: number): Shard => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < HEADER_BYTES || view.toString("latin1", 0, 8) !== SHARD_MAGIC) throw malformed("it is no shard");
  const documents = view.readUInt32LE(8);
  const tokens = view.readUInt32LE(12);
  const width = view.readUInt8(16);
  const mask = view.readUInt8(17);
  if (documents === 0 || tokens < documents) throw malformed(`${documents} documents of ${tokens} tokens`);
  if (width !== (size <= LARGEST_NARROW ? 2 : 4)) throw malformed(`${width} bytes a token`);
  if (mask > 1 || view.readUIntLE(18, 6) !== 0) throw malformed("its header has unknown fields");
  const at = HEADER_BYTES + 8 * documents;
  const maskAt = at + width * tokens;
  const length = maskAt + (mask === 1 ? Math.ceil(tokens / 8) : 0);
  if (view.length !== length) throw malformed(`${view.length} bytes where its header says ${length}`);
  if (mask === 1 && tokens % 8 !== 0 && view[length - 1]! >> (tokens % 8) !== 0)
    throw malformed("its mask has bits too many");
  const endOf = (index: number): number => (index < 0 ? 0 : view.readUInt32LE(HEADER_BYTES + 4 * index));
  const bytesOf = (index: number): number => view.readUInt32LE(HEADER_BYTES + 4 * (documents + index));
  const aligned = Uint8Array.from(view.subarray(at, maskAt)).buffer;
  const all = width === 2 ? new Uint16Array(aligned) : new Uint32Array(aligned);
  let textBytes = 0;
  for (let i = 0; i < documents; i++) {
    if (endOf(i) <= endOf(i - 1) || endOf(i) > tokens) throw malformed(`document ${i} ends at token ${endOf(i)}`);
    if (bytesOf(i) === 0) throw malformed(`document ${i} has no text`);
    textBytes += bytesOf(i);
  }
  if (endOf(documents - 1) !== tokens) throw malformed("tokens follow the last document");
  for (let i = 0; i < tokens; i++)
    if (all[i]! >= size) throw malformed(`token ${i} is ${all[i]}, the tokenizer has ${size}`);
  return {
    documents,
    tokens,
    textBytes,
    bytesOf,
    document(index) {
      if (!Number.isInteger(index) || index < 0 || index >= documents)
        throw new RangeError(`the shard has documents 0 to ${documents - 1}, not ${index}`);
      const from = endOf(index - 1);
      const ids = Uint32Array.from(all.subarray(from, endOf(index)));
      const isCounted = (i: number): number => (view[maskAt + ((from + i) >> 3)]! >> ((from + i) & 7)) & 1;
      return {
        ids,
        bytes: bytesOf(index),
        ...(mask === 1 && { counts: Uint8Array.from(ids, (_, i) => isCounted(i)) }),
      };
    },
  };
};

const malformed = (what: string): BlockZeroError =>
  new BlockZeroError("PACK_MALFORMED", `a shard of a pack: ${what}`, "ask the pack's maker to pack it again");
