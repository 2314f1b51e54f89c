import { type TokenSource, tokenised } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { openSource, type SourceName } from "./index.js";

/**
 * Opens a source by name, as tokens.
 *
 * @throws BlockZeroError what `openSource` throws
 */
export const openTokens = (name: SourceName, tokenizer: Tokenizer): TokenSource =>
  tokenised(openSource(name), tokenizer);
