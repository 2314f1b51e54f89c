import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFileSync } from "#shared/files/regular-file.js";
import { sha256 } from "#shared/protocol/hash.js";
import { MAX_PACK_MANIFEST_BYTES, type PackManifest, parsePackManifest } from "#shared/protocol/pack-manifest.js";

/** A pack on this machine. */
export interface PackFolder {
  readonly manifest: PackManifest;
  /** SHA-256 of the manifest. */
  readonly hash: string;
  /** Where the manifest is. */
  readonly path: string;
  /** The folder of blobs that holds its shards. */
  readonly blobs: string;
}

export const MANIFEST_NAME = "manifest.json";

/** Whether a path names a pack: a folder that has a manifest. */
export const isPackFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true && existsSync(join(path, MANIFEST_NAME));

/**
 * Opens a pack's manifest.
 *
 * @param path   the folder that `blockzero data pack` wrote, or the manifest as a blob among those of its shards
 * @param sha256 what it must be; unset: anything
 * @throws BlockZeroError DATASET_MISMATCH, PACK_MALFORMED, FILE_UNREADABLE, FILE_TOO_LARGE
 */
export const openPackFolder = (path: string, expected?: string): PackFolder => {
  const isFolder = isPackFolder(path);
  const file = isFolder ? join(path, MANIFEST_NAME) : path;
  const bytes = readSmallFileSync(file, MAX_PACK_MANIFEST_BYTES);
  const hash = sha256(bytes);
  if (expected !== undefined && hash !== expected)
    throw new BlockZeroError(
      "DATASET_MISMATCH",
      `${file} is not the pack that the network file names: its SHA-256 is ${hash}, not ${expected}`,
      "give the owner's pack, or leave the path out and it is fetched",
    );
  const parsed = parsePackManifest(bytes);
  if (!parsed.ok)
    throw new BlockZeroError(
      "PACK_MALFORMED",
      `${file} is no manifest of a pack: ${parsed.problem}`,
      "make it with `blockzero data pack`",
    );
  const blobs = isFolder ? join(path, "blobs") : dirname(dirname(file));
  return { manifest: parsed.value, hash, path: file, blobs };
};

/** The file of a blob in a folder of blobs. */
export const blobPath = (folder: string, hash: string): string => join(folder, hash.slice(0, 2), basename(hash));
