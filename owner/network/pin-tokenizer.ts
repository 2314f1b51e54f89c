import type { LocalStore } from "#shared/blobs/blob-store.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFileSync } from "#shared/files/regular-file.js";
import { sha256 as hashOf } from "#shared/protocol/hash.js";
import type { Network } from "#shared/protocol/network.js";
import {
  mapTokenizerFiles,
  type NamedTokenizerFile,
  TOKENIZER_FILE_BYTES,
  type TokenizerFile,
  tokenizerFiles,
} from "#shared/protocol/tokenizer-files.js";

/**
 * Names the tokenizer's files by their content, and stores them as blobs that participants fetch. Paths stay, for this machine.
 *
 * @throws BlockZeroError TOKENIZER_…, where the files are none of a tokenizer or not those that the template names
 */
export const pinTokenizer = async (store: LocalStore, data: Network["data"]): Promise<Network["data"]> => {
  const pinned = new Map<string, TokenizerFile>();
  for (const file of tokenizerFiles(data.tokenizer)) pinned.set(file.name, await pin(store, file));
  const tokenizer = mapTokenizerFiles(data.tokenizer, (_, name) => pinned.get(name)!);
  // What is stored is what everybody opens: a file may be replaced meanwhile, or be here as a blob alone.
  openTokenizer({ tokenizer: mapTokenizerFiles(tokenizer, (file) => ({ ...file, path: store.path(file.sha256!) })) });
  return { ...data, tokenizer };
};

const pin = async (store: LocalStore, { name, ...file }: NamedTokenizerFile): Promise<TokenizerFile> => {
  const { path, sha256, bytes } = file;
  if (path === undefined) {
    if (sha256 !== undefined && bytes !== undefined && (await store.size(sha256)) === bytes) return file;
    throw new BlockZeroError(
      "TOKENIZER_NOT_FOUND",
      `${name} has no path, and the directory does not hold the file that its sha256 names`,
      "name the file, or give the directory that holds it",
    );
  }
  const content = readSmallFileSync(path, TOKENIZER_FILE_BYTES[name]);
  if (sha256 !== undefined && sha256 !== hashOf(content))
    throw new BlockZeroError(
      "TOKENIZER_MISMATCH",
      `${path} is not the ${name} that the template names: its SHA-256 is ${hashOf(content)}, not ${sha256}`,
      "name the file that is meant, or leave its sha256 out",
    );
  return { path, sha256: await store.put(content), bytes: content.length };
};
