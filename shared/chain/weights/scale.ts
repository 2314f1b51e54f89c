import { BlockZeroError } from "#shared/errors/error.js";

/** The part of SCALE that weights need: compact lengths, vectors of u16, u16 and u64, all little-endian. */

/** @param length below 2^30 */
export const compact = (length: number): Uint8Array => {
  if (length < 1 << 6) return Uint8Array.of(length << 2);
  const bytes = Buffer.alloc(length < 1 << 14 ? 2 : 4);
  if (bytes.length === 2) bytes.writeUInt16LE(length * 4 + 1);
  else bytes.writeUInt32LE(length * 4 + 2);
  return bytes;
};

export const u16 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};

export const u64 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

export const u16s = (values: readonly number[]): Uint8Array =>
  Buffer.concat([compact(values.length), ...values.map(u16)]);

export const vector = (bytes: Uint8Array): Uint8Array => Buffer.concat([compact(bytes.length), bytes]);

/** Reads untrusted bytes. Every method throws SCALE_MALFORMED if the bytes do not have its form. */
export interface ScaleReader {
  compact(): number;
  u16s(): number[];
  u64(): number;
  vector(): Uint8Array;
  /** Throws if bytes are left. */
  end(): void;
}

export const scaleReader = (bytes: Uint8Array): ScaleReader => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const take = (length: number): Buffer => {
    if (length > buffer.length - offset) throw malformed("it ends too early");
    offset += length;
    return buffer.subarray(offset - length, offset);
  };
  const readCompact = (): number => {
    const mode = take(1)[0]! & 3;
    offset--;
    if (mode === 0) return take(1)[0]! >> 2;
    if (mode === 1) return atLeast(1 << 6, take(2).readUInt16LE() >>> 2);
    if (mode === 2) return atLeast(1 << 14, take(4).readUInt32LE() >>> 2);
    throw malformed("a length beyond 2^30");
  };
  return {
    compact: readCompact,
    u16s() {
      // `take` checks that the bytes exist before anything is allocated for them.
      const items = take(readCompact() * 2);
      return Array.from({ length: items.length / 2 }, (_, i) => items.readUInt16LE(i * 2));
    },
    u64() {
      const value = Number(take(8).readBigUInt64LE());
      if (!Number.isSafeInteger(value)) throw malformed("a number beyond 2^53");
      return value;
    },
    vector: () => take(readCompact()),
    end() {
      if (offset !== buffer.length) throw malformed("bytes are left over");
    },
  };
};

/** In SCALE each number has one encoding. A longer one is rejected. */
const atLeast = (least: number, value: number): number => {
  if (value < least) throw malformed("a length is not in its shortest form");
  return value;
};

const malformed = (why: string): BlockZeroError =>
  new BlockZeroError("SCALE_MALFORMED", `not SCALE of this type: ${why}`, "check the version of whoever encoded it");
