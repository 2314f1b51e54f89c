import { statfs } from "node:fs/promises";
import { BlockZeroError } from "#shared/errors/error.js";

/**
 * Refuses what takes more bytes than are free on a folder's disk.
 *
 * @param told what takes so many, as the message begins
 * @throws BlockZeroError HUB_TOO_LARGE
 */
export const checkDiskRoom = async (dir: string, bytes: number, told: string): Promise<void> => {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw new BlockZeroError(
    "HUB_TOO_LARGE",
    `${told}, ${free} are free`,
    "free space, name another place, or take a smaller repository",
  );
};
