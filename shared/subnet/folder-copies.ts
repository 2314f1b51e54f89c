import { join } from "node:path";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ByteSource, hashOfSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";

/**
 * A file that somebody else may be writing or deleting; null where there is none, or none any more. Close it.
 *
 * @throws BlockZeroError FETCH_FAILED where it cannot be read, also while it is
 */
export const openLocalCopy = async (path: string): Promise<ByteSource | null> => {
  try {
    const { size, fill, close } = await openRegularFile(path);
    return { size, close, fill: (into, position) => fill(into, position).catch(unusable) };
  } catch (thrown) {
    return isGone(thrown) ? null : unusable(thrown);
  }
};

export interface FolderCopies {
  /** Close it. */
  readonly sound: ByteSource | null;
  /** Its path. */
  readonly path: string | null;
  /** Copies that cannot serve: FETCH_HASH_MISMATCH or FETCH_FAILED. */
  readonly faulty: readonly { readonly path: string; readonly fault: BlockZeroError }[];
}

/** The first sound copy of a file in blob stores, and what is wrong with others. */
export const copiesInFolders = async (folders: readonly string[], hash: string): Promise<FolderCopies> => {
  const faulty: { path: string; fault: BlockZeroError }[] = [];
  let sound: ByteSource | null = null;
  let soundPath: string | null = null;
  for (const folder of folders) {
    const path = join(folder, hash.slice(0, 2), hash);
    try {
      const copy = await openSoundCopy(path, hash);
      if (sound !== null) await copy?.close();
      else if (copy !== null) {
        sound = copy;
        soundPath = path;
      }
    } catch (thrown) {
      if (!isFetchFault(thrown)) {
        await sound?.close();
        throw thrown;
      }
      faulty.push({ path, fault: thrown });
    }
  }
  return { sound, path: soundPath, faulty };
};

const openSoundCopy = async (path: string, hash: string): Promise<ByteSource | null> => {
  const file = await openLocalCopy(path);
  if (file === null) return null;
  let isSound = false;
  try {
    isSound = (await hashOfSource(file)) === hash;
  } finally {
    if (!isSound) await file.close();
  }
  if (isSound) return { ...file, hash };
  throw new BlockZeroError("FETCH_HASH_MISMATCH", `${path} has other bytes`, "restore it from elsewhere");
};

const isGone = (thrown: unknown): boolean =>
  thrown instanceof BlockZeroError &&
  thrown.cause instanceof Error &&
  "code" in thrown.cause &&
  thrown.cause.code === "ENOENT";

const unusable = (thrown: unknown): never => {
  if (!(thrown instanceof BlockZeroError)) throw thrown;
  throw new BlockZeroError("FETCH_FAILED", thrown.message, thrown.hint, { cause: thrown });
};
