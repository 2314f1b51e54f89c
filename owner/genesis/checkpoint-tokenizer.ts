import { byteTokenizerFiles } from "#shared/data/byte-tokenizer-files.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { openCheckpointFolder } from "#shared/model/checkpoint-folder.js";
import { sha256 } from "#shared/protocol/hash.js";
import { MAX_TOKENIZER_BYTES, type TokenizerFileName, type TokenizerRule } from "#shared/protocol/tokenizer-files.js";

/**
 * The tokenizer in a checkpoint's folder, as `data.tokenizer` of a template names one, with how it chats and ends a text; null where it has no
 * `tokenizer.json`.
 *
 * @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED where a file is a link that leads out of the folder
 */
export const checkpointTokenizer = async (dir: string): Promise<TokenizerRule | null> => {
  const folder = await openCheckpointFolder(dir);
  const at = async (name: TokenizerFileName) =>
    (await folder.has(name)) ? { path: await folder.locate(name) } : undefined;
  const tokenizer = await at("tokenizer.json");
  if (!tokenizer) return null;
  const config = await at("tokenizer_config.json");
  const template = await at("chat_template.jinja");
  const generation = await at("generation_config.json");
  return {
    ...tokenizer,
    ...(config && { config }),
    ...(template && { chat_template: template }),
    ...(generation && { generation_config: generation }),
  };
};

/**
 * Checks that a network's text is in the tokens of the checkpoint that it begins with: in others the model would be taught anew, without a word. A
 * folder without `tokenizer.json` is taken to fit.
 *
 * @throws BlockZeroError TOKENIZER_OTHER naming both
 */
export const checkTokenizer = async (dir: string, tokenizer: TokenizerRule): Promise<void> => {
  const own = await checkpointTokenizer(dir);
  if (own === null) return;
  const [expected, named] = [await hashOf(own), await hashOf(tokenizer)];
  if (named === expected || named === undefined) return;
  throw new BlockZeroError(
    "TOKENIZER_OTHER",
    `the checkpoint's tokenizer.json is ${expected!.slice(0, 8)}, data.tokenizer is ${tokenizer === "byte" ? tokenizer : named.slice(0, 8)}: the model knows other tokens`,
    "set data.tokenizer to from-checkpoint; where another is meant, add --other-tokenizer to `blockzero genesis`",
  );
};

/** SHA-256 of its `tokenizer.json`; that of `byte` is what an exported byte model has. */
const hashOf = async (tokenizer: TokenizerRule): Promise<string | undefined> => {
  if (tokenizer === "byte") return sha256(Buffer.from(byteTokenizerFiles()["tokenizer.json"]));
  const { path, sha256: hash } = tokenizer;
  return path === undefined ? hash : sha256(await readSmallFile(path, MAX_TOKENIZER_BYTES));
};
