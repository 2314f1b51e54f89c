import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";

/**
 * The tokenizer of a pack, with the `tokenizer_config.json` beside its file where there is one.
 *
 * @param name `byte`, or the path of a `tokenizer.json`
 * @throws BlockZeroError TOKENIZER_NOT_FOUND, TOKENIZER_INVALID
 */
export const openPackTokenizer = (name: string): Tokenizer => {
  if (name === "byte") return openTokenizer({ tokenizer: "byte" });
  const config = join(dirname(name), "tokenizer_config.json");
  return openTokenizer({ tokenizer: { path: name, ...(existsSync(config) && { config: { path: config } }) } });
};
