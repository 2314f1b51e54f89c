import { isOfClause, KIND, SINGLE } from "../text/word-rule.js";
import type { Words } from "../text/words.js";

/** Characters of a word in scripts that have no spaces between words, with the marks that stand for vowels and tones: about. */
const CLAUSE_WORD = 5;
/**
 * Characters of a Chinese or Japanese word, rounded: 1.5 to 2. Set phrases of a plain text, such as "しなければならない", are few words and many characters.
 */
const CHARACTERS = 2;

const isClause = (text: string, { starts, ends }: Words, i: number): boolean =>
  isOfClause(text.charCodeAt(starts[i]!)) || isOfClause(text.charCodeAt(ends[i]! - 1));

const isSingle = (text: string, { starts }: Words, i: number): boolean => KIND[text.charCodeAt(starts[i]!)] === SINGLE;

/** Whether a word is one that has spaces around it. */
export const isSpelt = (text: string, words: Words, i: number): boolean =>
  !isSingle(text, words, i) && !isClause(text, words, i);

/** How many words stand where the rule finds one: a clause is several. */
export const wordsIn = (text: string, words: Words, i: number): number =>
  isClause(text, words, i) ? Math.ceil((words.ends[i]! - words.starts[i]!) / CLAUSE_WORD) : 1;

/** How many that the rule finds make a word: 2 in a text that is mostly of Chinese or Japanese characters, else 1. */
export const wordLength = (text: string, words: Words): number => {
  let singles = 0;
  for (let i = 0; i < words.count; i++) if (isSingle(text, words, i)) singles++;
  return 2 * singles > words.count ? CHARACTERS : 1;
};
