import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Bytes that can still be written to the disk of a folder, which need not exist yet. @throws what the system answers */
export const freeSpace = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(await existingFolder(folder));
  return bavail * bsize;
};

/** The folder, or the nearest one above it that exists. */
export const existingFolder = async (folder: string): Promise<string> => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const isThere = await access(at, constants.F_OK).then(
      () => true,
      () => false,
    );
    if (isThere || at === dirname(at)) return at;
  }
};
