import { byteFallback } from "./byte-tokens.js";
import { remembered } from "./remembered.js";
import { trieOf } from "./trie.js";

export interface UnigramModel {
  /** Tokens that a text may be made of. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Log-probabilities by id. */
  readonly scores: readonly number[];
  /** Stands for characters that no token has; undefined: they are left out. */
  readonly unknown: number | undefined;
  /** Such characters are their bytes, `<0x0A>` and so on, where the vocabulary has them. */
  readonly byteFallback: boolean;
}

/** What a character that is no token costs beyond the least likely token. */
const UNKNOWN_PENALTY = 10;

const UNKNOWN = -1;

/**
 * The likeliest tokens of a word (Kudo, arXiv 1804.10959) as `models::Unigram` of the Rust library `tokenizers` finds them: Viterbi's algorithm,
 * where of equally likely ways the one stays that begins first. Unknown characters in a row are one.
 */
export const createUnigram = (model: UnigramModel): ((word: string) => readonly number[]) => {
  const { vocabulary, scores, unknown } = model;
  const trie = trieOf(vocabulary);
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const bytesOf = model.byteFallback ? byteFallback(vocabulary) : () => null;

  const encode = (word: string): readonly number[] => {
    const best = new Float64Array(word.length + 1);
    const starts = new Int32Array(word.length + 1).fill(-1);
    const ids = new Int32Array(word.length + 1);
    const offer = (from: number, end: number, score: number, id: number): void => {
      if (starts[end] !== -1 && score <= best[end]!) return;
      best[end] = score;
      starts[end] = from;
      ids[end] = id;
    };
    for (let from = 0; from < word.length; ) {
      const next = from + (word.codePointAt(from)! > 0xffff ? 2 : 1);
      const sofar = best[from]!;
      let hasSingle = false;
      trie.eachAt(word, from, (end, id) => {
        offer(from, end, scores[id]! + sofar, id);
        if (end === next) hasSingle = true;
      });
      if (!hasSingle) offer(from, next, unknownScore + sofar, UNKNOWN);
      from = next;
    }
    const parts: (readonly number[])[] = [];
    const unknownIds = (text: string): readonly number[] => {
      // Several unknown characters in a row may be a token together.
      const whole = vocabulary.get(text);
      if (whole !== undefined) return [whole];
      return bytesOf(text) ?? (unknown === undefined ? [] : [unknown]);
    };
    for (let end = word.length; end > 0; ) {
      let start = starts[end]!;
      if (ids[end] === UNKNOWN) {
        while (start > 0 && ids[start] === UNKNOWN) start = starts[start]!;
        parts.push(unknownIds(word.slice(start, end)));
      } else parts.push([ids[end]!]);
      end = start;
    }
    return parts.reverse().flat();
  };
  return remembered(encode);
};
