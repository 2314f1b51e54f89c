import { mix } from "./mix.js";
import { FOLDED, KIND, SINGLE, WORD } from "./word-rule.js";

/** The words of a text, as numbers: `hashes`, `starts` and `ends` have `count` entries that mean something. */
export interface Words {
  count: number;
  /** 32-bit hash of each word in lower case. */
  hashes: Uint32Array;
  /** Where each begins and ends, UTF-16 code units. */
  starts: Uint32Array;
  ends: Uint32Array;
}

/** Memory for words that is used again for text after text. */
export const createWords = (): Words => ({
  count: 0,
  hashes: new Uint32Array(1 << 12),
  starts: new Uint32Array(1 << 12),
  ends: new Uint32Array(1 << 12),
});

const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Finds the words of a text; overwrites what `into` held. */
export const findWords = (text: string, into: Words): Words => {
  let count = 0;
  let start = -1;
  let hash = FNV_START;
  const end = (at: number): void => {
    if (count === into.hashes.length) grow(into);
    into.hashes[count] = mix(hash);
    into.starts[count] = start;
    into.ends[count] = at;
    count++;
    start = -1;
    hash = FNV_START;
  };
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const kind = KIND[code];
    if (kind === WORD) {
      if (start < 0) start = at;
      hash = Math.imul(hash ^ FOLDED[code]!, FNV_PRIME);
    } else {
      if (start >= 0) end(at);
      if (kind === SINGLE) {
        start = at;
        hash = Math.imul(hash ^ code, FNV_PRIME);
        end(at + 1);
      }
    }
  }
  if (start >= 0) end(text.length);
  into.count = count;
  return into;
};

const grow = (words: Words): void => {
  for (const name of ["hashes", "starts", "ends"] as const) {
    const larger = new Uint32Array(2 * words[name].length);
    larger.set(words[name]);
    words[name] = larger;
  }
};
