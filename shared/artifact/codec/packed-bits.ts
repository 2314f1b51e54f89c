/** Number of bytes for `count` codes of `width` bits. */
export const packedLength = (count: number, width: number): number => Math.ceil((count * width) / 8);

/**
 * Unsigned codes one after another, lowest bit first. Code j takes the bits j·width to (j + 1)·width − 1 of the stream; bit b of the stream
 * is bit b mod 8 of byte ⌊b / 8⌋. The unused bits of the last byte are zero.
 *
 * @param width 1 to 16
 */
export const packBits = (codes: Uint16Array, width: number): Uint8Array => {
  const bytes = new Uint8Array(packedLength(codes.length, width));
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (const code of codes) {
    pending |= code << bits;
    bits += width;
    for (; bits >= 8; bits -= 8) {
      bytes[at++] = pending;
      pending >>>= 8;
    }
  }
  if (bits > 0) bytes[at] = pending;
  return bytes;
};

/** Reads what `packBits` wrote. Null if an unused bit of the last byte is not zero. */
export const unpackBits = (bytes: Uint8Array, count: number, width: number): Uint16Array | null => {
  const codes = new Uint16Array(count);
  const mask = (1 << width) - 1;
  let pending = 0;
  let bits = 0;
  let at = 0;
  for (let j = 0; j < count; j++) {
    for (; bits < width; bits += 8) pending |= bytes[at++]! << bits;
    codes[j] = pending & mask;
    pending >>>= width;
    bits -= width;
  }
  return pending === 0 ? codes : null;
};
