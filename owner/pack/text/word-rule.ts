/**
 * What is a word, the same on every machine: no table of Unicode is asked, since those differ between versions of a runtime.
 *
 * A letter or digit of ASCII, and any code unit from U+00C0 on that is not punctuation or space below, belongs to a word. Chinese, Japanese and
 * Korean characters, which have no spaces between words, are a word each.
 */
export const OTHER = 0;
export const WORD = 1;
export const SINGLE = 2;

const kindOf = (code: number): number => {
  if (code < 0x80) {
    const isAlphanumeric =
      (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
    return isAlphanumeric ? WORD : OTHER;
  }
  if (code < 0xc0 || code === 0xd7 || code === 0xf7) return OTHER;
  if (code >= 0x2000 && code <= 0x2bff) return OTHER;
  if (code >= 0x3000 && code <= 0x303f) return OTHER;
  if ((code >= 0x3040 && code <= 0x9fff) || (code >= 0xf900 && code <= 0xfaff)) return SINGLE;
  if (code >= 0xfe30 && code <= 0xfe4f) return OTHER;
  if (code >= 0xff00 && code <= 0xff0f) return OTHER;
  return WORD;
};

/** Upper-case letters of ASCII, Latin-1, Greek and Cyrillic as lower-case ones; every other code unit as it is. */
const foldOf = (code: number): number => {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20;
  if (code >= 0xc0 && code <= 0xde && code !== 0xd7) return code + 0x20;
  if (code >= 0x391 && code <= 0x3a9) return code + 0x20;
  if (code >= 0x410 && code <= 0x42f) return code + 0x20;
  if (code >= 0x400 && code <= 0x40f) return code + 0x50;
  return code;
};

/**
 * Thai and Lao, Tibetan, Burmese, Khmer, New Tai Lue, Tai Tham, Balinese, Javanese and Tai Viet: letters, with spaces between clauses and not between
 * words. What stands between two spaces is one word to the rule above.
 */
const CLAUSES: readonly (readonly [number, number])[] = [
  [0x0e00, 0x109f],
  [0x1780, 0x17ff],
  [0x1950, 0x19ff],
  [0x1a20, 0x1aaf],
  [0x1b00, 0x1b7f],
  [0xa980, 0xa9ff],
  [0xaa60, 0xaadf],
];

/** Whether a code unit is of a script whose words are told apart by no space, but which is no word of its own. */
export const isOfClause = (code: number): boolean =>
  code >= 0x0e00 && code <= 0xaadf && CLAUSES.some(([first, last]) => code >= first && code <= last);

/** Kind and folded form of each UTF-16 code unit. */
export const KIND = Uint8Array.from({ length: 1 << 16 }, (_, code) => kindOf(code));
export const FOLDED = Uint16Array.from({ length: 1 << 16 }, (_, code) => foldOf(code));
