import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { isInside, linkRoots } from "#shared/files/link-roots.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { ambiguityOf } from "#shared/tensor-files/strict-json.js";
import { CONFIG_FILE, INDEX_FILE, malformed, WEIGHTS_FILE } from "./checkpoint-layout.js";
import { foreignFile } from "./foreign-file.js";

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
  const roots = linkRoots(await attempt(dir, () => realpath(dir)));
  const locate = async (name: string): Promise<string> => {
    const path = join(dir, name);
    const real = await attempt(path, () => realpath(path)).catch(async (thrown) => {
      throw (await isCache(dir)) ? cacheOf(dir, thrown) : thrown;
    });
    if (!isInside(real, roots))
      throw malformed(
        `${path} is a link that leads out of the folder: copy the folder with \`cp -rL\`, so that it holds the files`,
      );
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
      try {
        return parseJson(path, await reading(() => readSmallFile(real, maxBytes)));
      } catch (thrown) {
        const kind = await foreignFile(real);
        throw kind === null ? thrown : malformed(`${path} ${kind}`, thrown);
      }
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

/** A JSON document of a stranger, whose meaning is beyond doubt. @throws BlockZeroError CHECKPOINT_MALFORMED */
export const parseJson = (path: string, bytes: Uint8Array): unknown => {
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

/** Whether a folder is a repository's in Hugging Face's cache, of which each snapshot is a checkpoint. */
const isCache = (dir: string): Promise<boolean> =>
  realpath(join(dir, "snapshots")).then(
    () => true,
    () => false,
  );

const cacheOf = (dir: string, cause: unknown) =>
  new BlockZeroError(
    "CHECKPOINT_NOT_FOUND",
    `${dir} is a repository in Hugging Face's cache, not a checkpoint`,
    `name one of its snapshots: ${join(dir, "snapshots")} has them`,
    { cause },
  );

const notFound = (problem: string, cause: unknown) =>
  new BlockZeroError(
    "CHECKPOINT_NOT_FOUND",
    problem,
    `name a folder with ${CONFIG_FILE} and ${WEIGHTS_FILE}, or shards and ${INDEX_FILE}`,
    { cause },
  );
