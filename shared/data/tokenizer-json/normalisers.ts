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
    case "Strip": {
      const ends = [
        ...(step.strip_left ? ["^\\p{White_Space}+"] : []),
        ...(step.strip_right ? ["\\p{White_Space}+$"] : []),
      ];
      const spaces = new RegExp(ends.join("|"), "gu");
      return ends.length === 0 ? (text) => text : (text) => text.replace(spaces, "");
    }
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
