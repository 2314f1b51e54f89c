/** Zeros that stand before and after a block's bytes where bits are read, so that every read is of bytes that are there. */
export const MARGIN = 16;

/** Up to 25 bits, the lowest of them bit `at` of the bytes. */
export const bitsAt = (bytes: Uint8Array, at: number, count: number): number => {
  const byte = at >> 3;
  const word = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24);
  return (word >>> (at & 7)) & ((1 << count) - 1);
};

/**
 * Where the bits end that are read backwards and stand before the byte `end`: at the highest one of the last byte (RFC 8878, 4.1).
 *
 * @throws Error where there is none
 */
export const lastBit = (bytes: Uint8Array, from: number, end: number): number => {
  const last = end > from ? bytes[end - 1]! : 0;
  if (last === 0) throw new Error("invalid bitstream");
  return 8 * (end - 1) + 31 - Math.clz32(last);
};
