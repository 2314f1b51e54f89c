import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ensureFolderSync } from "./ensure-folder.js";
import { syncFolderSync } from "./sync-folder.js";

/** Owner only. */
const PRIVATE = 0o600;

/**
 * Replaces a file as a whole and durably: a reader, or a restart after a power failure, sees the old content or the new one.
 *
 * @param content text as UTF-8, or bytes
 * @param mode    permissions of a new file; default: readable only by its owner
 */
export const writeFileAtomic = (path: string, content: string | Uint8Array, mode: number = PRIVATE): void => {
  ensureFolderSync(dirname(path));
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, "w", mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolderSync(dirname(path));
};

/** The file's text, or null if there is none. */
export const readFileIfAny = (path: string): string | null => readBytesIfAny(path)?.toString("utf8") ?? null;

/** The file's bytes, or null if there is none. */
export const readBytesIfAny = (path: string): Buffer | null => {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
};
