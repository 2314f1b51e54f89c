import { BlockZeroError } from "#shared/errors/error.js";

/** That a tokenizer's files are none that can be used. */
export const invalidTokenizer = (reason: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(
    "TOKENIZER_INVALID",
    reason,
    "docs/tokenizers.md says which tokenizers are read: byte-pair encoding, Unigram and WordPiece, with the usual rules around them",
    { cause },
  );
