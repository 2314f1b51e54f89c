import { mkdirSync, statSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder, and those that it lies in, where they are missing. Node's own recursive call does not end where the system calls a folder missing
 * that lies in one which is there, as in /proc (Node 20).
 *
 * @param mode permissions of new folders
 * @returns the outermost folder that was made; undefined if none was
 * @throws what the system answered
 */
export const ensureFolder = async (path: string, mode?: number): Promise<string | undefined> => {
  const make = async (): Promise<unknown> => {
    try {
      await mkdir(path, mode);
    } catch (thrown) {
      return (await stat(path).catch(() => null))?.isDirectory() ? IS_THERE : thrown;
    }
    return null;
  };
  const failure = await make();
  if (!isMissing(failure) || dirname(path) === path) return outcome(path, failure);
  const outer = await ensureFolder(dirname(path), mode);
  // Once more and no third time: the folder that it lies in is there now.
  const made = outcome(path, await make());
  return outer ?? made;
};

/** The same at once. */
export const ensureFolderSync = (path: string, mode?: number): string | undefined => {
  const make = (): unknown => {
    try {
      mkdirSync(path, mode);
    } catch (thrown) {
      return isFolder(path) ? IS_THERE : thrown;
    }
    return null;
  };
  const failure = make();
  if (!isMissing(failure) || dirname(path) === path) return outcome(path, failure);
  const outer = ensureFolderSync(dirname(path), mode);
  const made = outcome(path, make());
  return outer ?? made;
};

/** Says that nothing was to be made. */
const IS_THERE = Symbol("is there");

const outcome = (path: string, failure: unknown): string | undefined => {
  if (failure === null) return path;
  if (failure === IS_THERE) return undefined;
  throw failure;
};

const isMissing = (failure: unknown): boolean =>
  failure instanceof Error && "code" in failure && failure.code === "ENOENT";

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};
