import type { TokenSource } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { isPackFolder } from "#shared/packs/pack-folder.js";
import { openTokens } from "./tokens.js";

/**
 * An operator's own documents, as tokens: a file with one document a line, or the folder of a pack, of which the training part counts.
 *
 * @throws BlockZeroError as `openTokens`
 */
export const openOwnDocuments = (path: string, tokenizer: Tokenizer): TokenSource =>
  openTokens({ kind: isPackFolder(path) ? "pack" : "jsonl", path }, tokenizer, { side: "training" });
