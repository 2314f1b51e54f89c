import { mix } from "./mix.js";
import type { Words } from "./words.js";

const A = 0x9e3779b1;
const B = 0x85ebca77;

const power = (base: number, exponent: number): number => {
  let result = 1;
  for (let i = 0; i < exponent; i++) result = Math.imul(result, base);
  return result;
};

/**
 * Calls `use` with a hash of 64 bits, as two halves without sign, of every `n` words that follow one another; of a text of fewer words, but at least
 * one, once with all of them. A rolling polynomial modulo 2^32 with two bases (Karp and Rabin, 1987).
 */
export const eachGram = (
  { count, hashes }: Pick<Words, "count" | "hashes">,
  n: number,
  use: (high: number, low: number, first: number) => void,
): void => {
  if (count === 0) return;
  const length = Math.min(n, count);
  const outA = power(A, length);
  const outB = power(B, length);
  let a = 0;
  let b = 0;
  for (let i = 0; i < count; i++) {
    const word = hashes[i]!;
    a = (Math.imul(a, A) + word) | 0;
    b = (Math.imul(b, B) + word) | 0;
    if (i >= length) {
      a = (a - Math.imul(hashes[i - length]!, outA)) | 0;
      b = (b - Math.imul(hashes[i - length]!, outB)) | 0;
    }
    if (i >= length - 1) use(mix(a), mix(b ^ A), i - length + 1);
  }
};
