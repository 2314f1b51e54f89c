import { remembered } from "./remembered.js";

export interface WordPieceModel {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Stands for a word that is not made of tokens; undefined: it is left out. */
  readonly unknown: number | undefined;
  /** Before a token that continues a word. */
  readonly prefix: string;
  /** A word of more characters is unknown. */
  readonly longest: number;
}

/** The longest token first, then the longest that continues the word, as `models::WordPiece` of the Rust library `tokenizers` does it. */
export const createWordPiece = (model: WordPieceModel): ((word: string) => readonly number[]) => {
  const { vocabulary, prefix, longest } = model;
  const unknown = model.unknown === undefined ? [] : [model.unknown];
  return remembered((word) => {
    const characters = Array.from(word);
    if (characters.length > longest) return unknown;
    const ids: number[] = [];
    for (let start = 0; start < characters.length; ) {
      let id: number | undefined;
      let end = characters.length;
      for (; end > start; end--) {
        id = vocabulary.get((start > 0 ? prefix : "") + characters.slice(start, end).join(""));
        if (id !== undefined) break;
      }
      if (id === undefined) return unknown;
      ids.push(id);
      start = end;
    }
    return ids;
  });
};
