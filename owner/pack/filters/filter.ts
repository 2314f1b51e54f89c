import type { Words } from "../text/words.js";

/** Why a text is left out, in words that many texts share so that they can be counted; null where it stays. */
export type Filter = (text: string, words: Words) => string | null;
