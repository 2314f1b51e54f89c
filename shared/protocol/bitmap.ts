/** Upper bound (exclusive) of the numbers in a bitmap: 86 characters, for which every record has space. */
export const MAX_HELD = 512;

/** Whether the numbers are integers, ascending and in range. */
export const isBitmap = (numbers: readonly number[]): boolean =>
  numbers.every((n, i) => Number.isInteger(n) && n >= 0 && n < MAX_HELD && n > (numbers[i - 1] ?? -1));

/**
 * Ascending numbers as base64url of a bitmap: number n is bit n mod 8 (bit 0 is the least significant) of byte ⌊n / 8⌋. The last byte is
 * not zero, so a set has only one text. The text of the empty set is empty.
 */
export const encodeBitmap = (numbers: readonly number[]): string => {
  const bytes = Buffer.alloc(Math.floor((numbers.at(-1) ?? -8) / 8) + 1);
  for (const n of numbers) bytes[n >> 3]! |= 1 << (n & 7);
  return bytes.toString("base64url");
};

/** Null for a text that `encodeBitmap` never writes. */
export const decodeBitmap = (text: string): readonly number[] | null => {
  if (!/^[A-Za-z0-9_-]{0,86}$/.test(text)) return null;
  const bytes = Buffer.from(text, "base64url");
  const numbers: number[] = [];
  for (const [at, byte] of bytes.entries())
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) numbers.push(8 * at + bit);
  return isBitmap(numbers) && encodeBitmap(numbers) === text ? numbers : null;
};
