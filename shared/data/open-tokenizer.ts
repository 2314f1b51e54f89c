import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { sha256 } from "../protocol/hash.js";
import type { Network } from "../protocol/network.js";
import { MAX_TOKENIZER_BYTES, MAX_TOKENIZER_CONFIG_BYTES, type TokenizerFile } from "../protocol/tokenizer-files.js";
import { byteTokenizer } from "./byte-tokenizer.js";
import type { Tokenizer } from "./tokenizer.js";
import { huggingFaceTokenizer } from "./tokenizer-json/tokenizer.js";

/** Opening a pipe without a writer does not block, so it can be refused. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

// By the content of its files: reading a large one takes seconds.
const opened = new Map<string, Tokenizer>();

/**
 * The tokenizer of a network file. Its files are read where their paths say.
 *
 * @throws BlockZeroError TOKENIZER_NOT_FOUND, TOKENIZER_MISMATCH, TOKENIZER_INVALID
 */
export const openTokenizer = ({ tokenizer }: Pick<Network["data"], "tokenizer">): Tokenizer => {
  if (tokenizer === "byte") return byteTokenizer;
  const { config } = tokenizer;
  const known = opened.get(String([tokenizer, ...(config ? [config] : [])].map(({ sha256: hash }) => hash)));
  if (known) return known;
  const files = {
    tokenizer: readPinned(tokenizer, "tokenizer.json", MAX_TOKENIZER_BYTES),
    config: config && readPinned(config, "tokenizer_config.json", MAX_TOKENIZER_CONFIG_BYTES),
  };
  const hashes = [files.tokenizer, ...(files.config ? [files.config] : [])].map((bytes) => sha256(bytes));
  const key = String(hashes);
  const found = opened.get(key) ?? huggingFaceTokenizer(hashes[0]!, files);
  opened.set(key, found);
  return found;
};

const readPinned = ({ path, sha256: hash }: TokenizerFile, name: string, maxBytes: number): Uint8Array => {
  if (path === undefined)
    throw new BlockZeroError(
      "TOKENIZER_NOT_FOUND",
      `nothing says where ${name} is`,
      "name its path in the network file, under data.tokenizer",
    );
  const bytes = readWhole(path, maxBytes);
  const found = sha256(bytes);
  if (hash !== undefined && hash !== found)
    throw new BlockZeroError(
      "TOKENIZER_MISMATCH",
      `${path} is not the ${name} that the network file names: its SHA-256 is ${found}, not ${hash}`,
      "give the owner's file, or leave the path out and it is fetched",
    );
  return bytes;
};

const readWhole = (path: string, maxBytes: number): Uint8Array => {
  const notFound = (reason: string, cause?: unknown) =>
    new BlockZeroError(
      "TOKENIZER_NOT_FOUND",
      `cannot read ${path}: ${reason}`,
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause },
    );
  let file: number;
  try {
    file = openSync(path, READING);
  } catch (cause) {
    throw notFound(reasonOf(cause), cause);
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw notFound("it is not a file");
    if (stat.size > maxBytes) throw notFound(`it has ${stat.size} bytes, at most ${maxBytes} are read`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
};
