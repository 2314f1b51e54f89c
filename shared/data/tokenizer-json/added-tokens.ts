import type { AddedToken } from "./parts.js";
import { escaped } from "./pattern.js";

/** A part of a text, and where in the text it ends: an added token by its id, or text between them. */
export type Piece = { readonly end: number } & ({ readonly id: number } | { readonly text: string });

/**
 * Finds added tokens in a text, the leftmost first and the longest where several begin at one place, as `AddedVocabulary` of the Rust library
 * `tokenizers` does.
 */
export const addedTokenSplitter = (tokens: readonly AddedToken[]): ((text: string) => readonly Piece[]) => {
  if (tokens.length === 0) return (text) => (text === "" ? [] : [{ text, end: text.length }]);
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const any = new RegExp(longestFirst.map(escaped).join("|"), "gu");
  return (text) => {
    const pieces: Piece[] = [];
    let end = 0;
    for (const { 0: content, index } of text.matchAll(any)) {
      const token = byContent.get(content)!;
      let start = index;
      let stop = index + content.length;
      // Spaces that the token before took are gone.
      if (start < end || (token.single_word && !standsAlone(text, start, stop))) continue;
      if (token.lstrip) while (start > end && isSpace(text[start - 1]!)) start--;
      if (token.rstrip) while (stop < text.length && isSpace(text[stop]!)) stop++;
      if (start > end) pieces.push({ text: text.slice(end, start), end: start });
      pieces.push({ id: token.id, end: stop });
      end = stop;
    }
    if (end < text.length) pieces.push({ text: text.slice(end), end: text.length });
    return pieces;
  };
};

const isSpace = (character: string): boolean => /^\p{White_Space}$/u.test(character);
const isWord = (character: string | undefined): boolean =>
  character !== undefined && /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u.test(character);
const standsAlone = (text: string, start: number, stop: number): boolean =>
  !isWord(text[start - 1]) && !isWord(text[stop]);
