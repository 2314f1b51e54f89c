import { type Dirent, readdirSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { kindOf } from "#shared/documents/formats.js";
import { statFile } from "#shared/documents/stat-file.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { isInside, linkRoots } from "#shared/files/link-roots.js";
import type { SourceFile } from "./source-file.js";

/**
 * The files of documents at a path: the file, or all below a folder whose names say a format, in the order of their names.
 * A folder may be a stranger's: a link in it is followed inside it, and inside the Hub's cache that it is a part of. What
 * git keeps of a repository is left out.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_FORMAT, DATASET_EMPTY
 */
export const localFiles = (path: string): readonly SourceFile[] => {
  if (!statFile(path).isDirectory()) return [localFile(path)];
  const files = [...walk(path, linkRoots(realpathSync(path)))].map(localFile);
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

function* walk(folder: string, roots: readonly string[]): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort(byName)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!isGits(entry.name)) yield* walk(path, roots);
    } else if (kindOf(path) === null) continue;
    else if (entry.isFile()) yield path;
    else if (entry.isSymbolicLink() && statFile(path).isFile()) {
      if (!leadsToData(realpathSync(path), roots)) throw leadsOut(path);
      yield path;
    }
  }
}

/** Where git keeps who made a copy, and from which address: that may hold a token. */
const isGits = (name: string): boolean => name.toLowerCase() === ".git";
/** There git-annex keeps data, to which it makes links; beside it are keys of where the data comes from. */
const ANNEXED = ["annex", "objects"];

const leadsToData = (path: string, roots: readonly string[]): boolean => {
  const steps = path.split(sep);
  const isAnnexed = (i: number): boolean => ANNEXED.every((name, k) => steps[i + 1 + k] === name);
  return isInside(path, roots) && !steps.some((step, i) => isGits(step) && !isAnnexed(i));
};

const leadsOut = (path: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_NOT_FOUND",
    `${path} is a link that leads out of the folder`,
    "look at where it leads; where that is data, copy the folder with `cp -rL`, so that it holds the files",
  );

/** By code units: the same on every machine, whatever its language. */
const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
