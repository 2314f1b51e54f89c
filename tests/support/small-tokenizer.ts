import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../../tests/vectors/tokenizer/${name}`, import.meta.url));

/** The byte-pair tokenizer of `tests/vectors/tokenizer`, as a network template names it: 2,048 tokens. */
export const smallTokenizer = {
  path: pathOf("tokenizer.json"),
  config: { path: pathOf("tokenizer_config.json") },
} as const;

export const smallTokenizerFiles = {
  tokenizer: readFileSync(smallTokenizer.path),
  config: readFileSync(smallTokenizer.config.path),
};

/** What the official library makes of some texts. */
export const tokenizerVectors: readonly {
  readonly text: string;
  readonly document: readonly number[];
  readonly prompt: readonly number[];
}[] = JSON.parse(readFileSync(pathOf("ids.json"), "utf8"));
