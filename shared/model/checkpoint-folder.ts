import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { ambiguityOf } from "#shared/tensor-files/strict-json.js";
import { CONFIG_FILE, INDEX_FILE, malformed, WEIGHTS_FILE } from "./checkpoint-layout.js";

/** A folder from a stranger: its names lead nowhere else. */
export interface CheckpointFolder {
  readonly dir: string;
  has(name: string): Promise<boolean>;
  /** Where a file of the folder really is. @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED when that is outside */
  locate(name: string): Promise<string>;
  /** A JSON document whose meaning is beyond doubt. @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED */
  json(name: string, maxBytes: number): Promise<unknown>;
}

/** Deepest nesting of a checkpoint's JSON documents. */
const MAX_DEPTH = 16;

/** @throws BlockZeroError CHECKPOINT_NOT_FOUND */
export const openCheckpointFolder = async (dir: string): Promise<CheckpointFolder> => {
  const roots = rootsOf(await attempt(dir, () => realpath(dir)));
  const locate = async (name: string): Promise<string> => {
    const path = join(dir, name);
    const real = await attempt(path, () => realpath(path));
    if (!roots.some((root) => isInside(real, root))) throw malformed(`${path} is a link that leads out of the folder`);
    return real;
  };
  return {
    dir,
    has: (name) =>
      realpath(join(dir, name)).then(
        () => true,
        () => false,
      ),
    locate,
    json: async (name, maxBytes) => {
      const path = join(dir, name);
      const real = await locate(name);
      return parseJson(path, await reading(() => readSmallFile(real, maxBytes)));
    },
  };
};

/** Runs what reads the folder's files; their faults become a checkpoint's. */
export const reading = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    if (thrown.code === "FILE_UNREADABLE") throw notFound(thrown.message, thrown);
    throw malformed(thrown.message, thrown);
  }
};

/** The folder, and for a snapshot in Hugging Face's cache the blobs that all its files are links to. */
const rootsOf = (folder: string): readonly string[] =>
  basename(dirname(folder)) === "snapshots" ? [folder, join(dirname(dirname(folder)), "blobs")] : [folder];

const isInside = (path: string, root: string): boolean => {
  const way = relative(root, path);
  return way !== "" && way.split(sep)[0] !== ".." && join(root, way) === path;
};

const parseJson = (path: string, bytes: Uint8Array): unknown => {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const ambiguity = ambiguityOf(text, { depth: MAX_DEPTH });
    if (ambiguity !== null) throw malformed(`${path}: ${ambiguity}`);
    return JSON.parse(text);
  } catch (cause) {
    throw cause instanceof BlockZeroError ? cause : malformed(`${path}: ${reasonOf(cause)}`, cause);
  }
};

const attempt = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw notFound(`cannot read ${path}: ${reasonOf(cause)}`, cause);
  }
};

const notFound = (problem: string, cause: unknown) =>
  new BlockZeroError(
    "CHECKPOINT_NOT_FOUND",
    problem,
    `name a folder with ${CONFIG_FILE} and ${WEIGHTS_FILE}, or shards and ${INDEX_FILE}`,
    { cause },
  );
