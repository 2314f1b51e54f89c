import { BlockZeroError } from "#shared/errors/error.js";
import { freeSpace } from "#shared/files/free-space.js";

/**
 * Refuses what takes more bytes than are free on a folder's disk.
 *
 * @param told what takes so many, as the message begins
 * @throws BlockZeroError HUB_TOO_LARGE
 */
export const checkDiskRoom = async (dir: string, bytes: number, told: string): Promise<void> => {
  const free = await freeSpace(dir);
  if (bytes <= free) return;
  throw new BlockZeroError(
    "HUB_TOO_LARGE",
    `${told}, ${free} are free`,
    "free space, name another place, or take a smaller repository",
  );
};
