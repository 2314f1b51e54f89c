import { BERT_MARK, BERT_SPACE } from "./bert.js";
import type { TokenizerParts } from "./parts.js";
import { compilePattern, libraryPreTokenizer } from "./pattern.js";
import { splitText } from "./split.js";

type Step = TokenizerParts["pre_tokenizer"][number];

/** Splits text into words. @param isFirst whether nothing of the document comes before */
export type PreTokenizer = (text: string, isFirst: boolean) => readonly string[];

/** A pre-tokenizer's steps as one function. @throws BlockZeroError TOKENIZER_INVALID */
export const preTokenizerOf = (steps: readonly Step[]): PreTokenizer => {
  const functions = steps.map(functionOf);
  return (text, isFirst) =>
    functions.reduce<readonly string[]>(
      (words, step) => words.flatMap((word, i) => step(word, isFirst && i === 0)),
      [text],
    );
};

const META = "▁";
const WORD = /▁/gu;

const functionOf = (step: Step): PreTokenizer => {
  switch (step.type) {
    case "Split": {
      const pattern = compilePattern(step.pattern);
      return (text) => splitText(text, pattern, step.behavior, step.invert);
    }
    case "BertPreTokenizer":
      return (text) => splitText(text, BERT_SPACE, "Removed").flatMap((word) => splitText(word, BERT_MARK, "Isolated"));
    case "Metaspace":
      return (text, isFirst) => {
        const marked = text.replaceAll(" ", META);
        const isPrefixed = step.prepend_scheme === "always" || (step.prepend_scheme === "first" && isFirst);
        const whole = isPrefixed && !marked.startsWith(META) ? META + marked : marked;
        return step.split ? splitText(whole, WORD, "MergedWithNext") : [whole];
      };
    case "ByteLevel": {
      const split = libraryPreTokenizer(step);
      return (text, isFirst) => split(text, { section_index: isFirst ? 0 : 1 });
    }
  }
};
