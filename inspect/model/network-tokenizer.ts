import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { byteTokenizerFiles } from "#shared/data/byte-tokenizer-files.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Network } from "#shared/protocol/network.js";
import { type TokenizerFileName, tokenizerFiles } from "#shared/protocol/tokenizer-files.js";
import type { ModelStore } from "./model-store.js";

export interface NetworkTokenizer {
  readonly tokenizer: Tokenizer;
  /** Its files as a Hugging Face repository has them. */
  readonly files: Readonly<Partial<Record<TokenizerFileName, Uint8Array | string>>>;
}

/**
 * The tokenizer of a network, from the blobs of a home.
 *
 * @throws BlockZeroError TOKENIZER_MISSING, TOKENIZER_INVALID
 */
export const networkTokenizer = async (
  store: Pick<ModelStore, "blob" | "home">,
  { data }: Pick<Network, "data">,
): Promise<NetworkTokenizer> => {
  if (data.tokenizer === "byte") return { tokenizer: byteTokenizer, files: byteTokenizerFiles() };
  const files: Partial<Record<TokenizerFileName, Uint8Array>> = {};
  for (const { name, sha256 = "" } of tokenizerFiles(data.tokenizer)) {
    const bytes = await store.blob(sha256);
    if (bytes === null)
      throw new BlockZeroError(
        "TOKENIZER_MISSING",
        `the network's ${name}, blob ${sha256}, is not in ${store.home}`,
        "name the home of a participant that has joined the network",
      );
    files[name] = bytes;
  }
  const { "tokenizer.json": tokenizer, "tokenizer_config.json": config } = files;
  return { tokenizer: huggingFaceTokenizer(data.tokenizer.sha256 ?? "", { tokenizer: tokenizer!, config }), files };
};
