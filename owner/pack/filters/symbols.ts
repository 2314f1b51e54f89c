import type { PackSettings } from "../settings.js";
import { KIND, OTHER } from "../text/word-rule.js";
import type { Filter } from "./filter.js";
import { wordsIn } from "./unspaced.js";

const BULLETS = new Set(["-", "*", "•", "●", "‣", "▪"]);

/** Hashes, ellipses, bullets and words without letters, after Gopher (Rae et al., arXiv 2112.11446, A1.1), who wants letters in 80 % of words. */
export const symbolFilter =
  ({ marks, bullet_lines, ellipsis_lines, words_with_letters }: PackSettings["filters"]["symbols"]): Filter =>
  (text, words) => {
    let found = 0;
    let withLetters = 0;
    for (let i = 0; i < words.count; i++) {
      const some = wordsIn(text, words, i);
      found += some;
      if (hasLetter(text, words.starts[i]!, words.ends[i]!)) withLetters += some;
    }
    const count = Math.max(1, found);
    if (occurrences(text, "#") / count > marks) return `more than ${marks} hashes a word`;
    if ((occurrences(text, "...") + occurrences(text, "…")) / count > marks)
      return `more than ${marks} ellipses a word`;
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const share = (test: (line: string) => boolean): number => lines.filter(test).length / Math.max(1, lines.length);
    if (share((line) => BULLETS.has(line.trimStart()[0] ?? "")) > bullet_lines) return "most lines are bullets";
    if (share((line) => /(?:\.\.\.|…)\s*$/.test(line)) > ellipsis_lines) return "many lines end in an ellipsis";
    // What stands between spaces and has no letter or digit at all is no word to us, and counts as one here.
    if (withLetters / (found + loneSymbols(text)) < words_with_letters) return "few words have a letter";
    return null;
  };

const occurrences = (text: string, what: string): number => {
  let count = 0;
  for (let at = text.indexOf(what); at !== -1; at = text.indexOf(what, at + what.length)) count++;
  return count;
};

const hasLetter = (text: string, start: number, end: number): boolean => {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return true;
  }
  return false;
};

const loneSymbols = (text: string): number => {
  let count = 0;
  let isBlank = true;
  let hasWord = false;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0x20;
    const isSpace = code === 0x20 || (code >= 0x09 && code <= 0x0d);
    if (isSpace) {
      if (!isBlank && !hasWord) count++;
      isBlank = true;
      hasWord = false;
    } else {
      isBlank = false;
      if (KIND[code] !== OTHER) hasWord = true;
    }
  }
  return count;
};
