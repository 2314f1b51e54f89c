import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Entries that are looked at: a folder of more counts as unlimited. */
const MOST_ENTRIES = 100_000;

/** Bytes of all files below some folders, links not followed; what goes while it is counted counts as nothing. */
export const folderBytes = async (folders: readonly string[]): Promise<number> => {
  let bytes = 0;
  let entries = 0;
  const open = [...folders];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (++entries > MOST_ENTRIES) return Number.POSITIVE_INFINITY;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) open.push(path);
      else bytes += (await lstat(path).catch(() => ({ size: 0 }))).size;
    }
  }
  return bytes;
};
