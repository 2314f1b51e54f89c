import { Tokenizer as Library } from "@huggingface/tokenizers";
import { invalidTokenizer } from "./invalid.js";

/** What a rule looks for: text as it stands, or a regular expression of Oniguruma's syntax. */
export type Pattern = { readonly String: string } | { readonly Regex: string };

/**
 * The pattern as a global regular expression of JavaScript; `@huggingface/tokenizers` translates the syntax.
 *
 * @throws BlockZeroError TOKENIZER_INVALID
 */
export const compilePattern = (pattern: Pattern): RegExp => {
  if ("String" in pattern) return new RegExp(escaped(pattern.String), "gu");
  const split = libraryPreTokenizer({ type: "Split", pattern, behavior: "Isolated", invert: false });
  if ("pattern" in split && split.pattern instanceof RegExp) return split.pattern;
  throw invalidTokenizer(`tokenizer.json: ${JSON.stringify(pattern.Regex.slice(0, 40))} is no regular expression`);
};

/** A pre-tokenizer of `@huggingface/tokenizers`. */
export const libraryPreTokenizer = (config: object) => {
  const library = new Library(
    {
      model: { type: "BPE", vocab: {}, merges: [] },
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: config,
      post_processor: null,
      decoder: null,
    },
    {},
  );
  return library.pre_tokenizer!;
};

export const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
