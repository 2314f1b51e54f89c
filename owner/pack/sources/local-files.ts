import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import { kindOf } from "#shared/documents/formats.js";
import { statFile } from "#shared/documents/stat-file.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { SourceFile } from "./source-file.js";

/**
 * The files of documents at a path: the file, or all below a folder whose names say a format, in the order of their names.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_FORMAT, DATASET_EMPTY
 */
export const localFiles = (path: string): readonly SourceFile[] => {
  if (!statFile(path).isDirectory()) return [localFile(path)];
  const files = [...walk(path)].filter((file) => kindOf(file) !== null).map(localFile);
  if (files.length > 0) return files;
  throw new BlockZeroError(
    "DATASET_EMPTY",
    `${path} has no file of documents`,
    "name them .jsonl, .json, .txt or .parquet; the first three may end in .gz or .zst",
  );
};

/** One file of documents. @throws BlockZeroError DATASET_NOT_FOUND, DATASET_FORMAT */
export const localFile = (path: string): SourceFile => {
  const found = statFile(path);
  if (!found.isFile())
    throw new BlockZeroError(
      "DATASET_NOT_FOUND",
      `${path} is not a regular file`,
      "name a file: a pipe or a device cannot be read again, so write it to a file first",
    );
  if (kindOf(path) === null)
    throw new BlockZeroError(
      "DATASET_FORMAT",
      `the name of ${path} says no format`,
      "name it .jsonl, .json, .txt or .parquet; the first three may end in .gz or .zst",
    );
  const { size, mtimeMs } = found;
  return { name: path, path, bytes: size, version: `${size} ${mtimeMs}` };
};

function* walk(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort(byName)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.isFile() || (entry.isSymbolicLink() && statFile(path).isFile())) yield path;
  }
}

/** By code units: the same on every machine, whatever its language. */
const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
