import { bertNormalised, lowerCase } from "./bert.js";
import { readCharsmap } from "./charsmap.js";
import type { TokenizerParts } from "./parts.js";
import { compilePattern } from "./pattern.js";

type Step = TokenizerParts["normalizer"][number];

/** A normaliser's steps as one function. @throws BlockZeroError TOKENIZER_INVALID */
export const normaliserOf = (steps: readonly Step[]): ((text: string) => string) => {
  const functions = steps.map(functionOf);
  return (text) => functions.reduce((result, step) => step(result), text);
};

const functionOf = (step: Step): ((text: string) => string) => {
  switch (step.type) {
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (text) => text.normalize(step.type);
    case "Lowercase":
      return lowerCase;
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    case "Strip":
      return (text) => stripped(text, step);
    case "BertNormalizer":
      return (text) => bertNormalised(text, step);
    case "Precompiled":
      return readCharsmap(step.precompiled_charsmap);
    case "Prepend":
      return (text) => (text === "" ? "" : step.prepend + text);
    case "Replace": {
      const pattern = compilePattern(step.pattern);
      return (text) => text.replaceAll(pattern, () => step.content);
    }
  }
};

const SPACE = /\p{White_Space}/u;

/** Without spaces at its ends. A regular expression takes the square of a run of spaces that does not reach the end. */
const stripped = (
  text: string,
  { strip_left: left, strip_right: right }: Extract<Step, { readonly type: "Strip" }>,
): string => {
  let from = 0;
  let to = text.length;
  while (left && from < to && SPACE.test(text[from]!)) from++;
  while (right && from < to && SPACE.test(text[to - 1]!)) to--;
  return text.slice(from, to);
};
