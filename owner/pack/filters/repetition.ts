import type { PackSettings } from "../settings.js";
import { eachGram } from "../text/grams.js";
import type { Words } from "../text/words.js";
import { countTable } from "./count-table.js";
import type { Filter } from "./filter.js";
import { wordLength } from "./unspaced.js";

/**
 * Lines, paragraphs and word n-grams that come again, as Gopher measures them (Rae et al., arXiv 2112.11446, table A1). Of a text whose characters
 * are a word each, an n-gram has as many characters as n words would.
 */
export const repetitionFilter = ({
  lines,
  line_characters,
  paragraphs,
  paragraph_characters,
  top_grams,
  repeated_grams,
}: PackSettings["filters"]["repetition"]): Filter => {
  const counts = countTable();
  const top = Object.entries(top_grams).map(([n, share]) => ({ n: Number(n), share }));
  const repeated = Object.entries(repeated_grams).map(([n, share]) => ({ n: Number(n), share }));
  return (text, words) => {
    const inParagraphs = repeatedParts(text.trim().split(/\n{2,}/));
    if (inParagraphs.count > paragraphs || inParagraphs.characters / text.length > paragraph_characters)
      return "repeated paragraphs";
    const inLines = repeatedParts(text.trim().split(/\n+/));
    if (inLines.count > lines || inLines.characters / text.length > line_characters) return "repeated lines";
    const length = wordLength(text, words);
    for (const { n, share } of top)
      if (topGramCharacters(words, n * length, counts) / text.length > share) return `one ${n}-gram is much of it`;
    for (const { n, share } of repeated)
      if (repeatedGramCharacters(words, n * length, counts) / text.length > share) return `repeated ${n}-grams`;
    return null;
  };
};

const repeatedParts = (parts: readonly string[]): { readonly count: number; readonly characters: number } => {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const part of parts) {
    if (seen.has(part)) {
      count++;
      characters += part.length;
    } else seen.add(part);
  }
  return { count: count / Math.max(1, parts.length), characters };
};

type Counts = ReturnType<typeof countTable>;

/** Characters that the most frequent n-gram takes, where it comes more than once. */
const topGramCharacters = (words: Words, n: number, counts: Counts): number => {
  if (words.count < n) return 0;
  counts.clear(words.count);
  let most = 1;
  let characters = 0;
  eachGram(words, n, (high, low, first) => {
    const count = counts.add(high ^ low);
    const length = words.ends[first + n - 1]! - words.starts[first]!;
    if (count > most || (count === most && count > 1 && count * length > characters)) {
      most = count;
      characters = count * length;
    }
  });
  return characters;
};

/** Characters of the words of n-grams that were there before; such an n-gram's words count once. */
const repeatedGramCharacters = (words: Words, n: number, counts: Counts): number => {
  if (words.count < n) return 0;
  counts.clear(words.count);
  let characters = 0;
  let next = 0;
  eachGram(words, n, (high, low, first) => {
    if (first < next || counts.add(high ^ low) === 1) return;
    for (let i = first; i < first + n; i++) characters += words.ends[i]! - words.starts[i]!;
    next = first + n;
  });
  return characters;
};
