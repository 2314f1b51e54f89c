import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** Entries that are looked at: a folder of more counts as unlimited. */
const MOST_ENTRIES = 100_000;

/** Bytes of some files, and of all files below some folders, links not followed; what goes while it is counted counts as nothing. */
export const folderBytes = async (paths: readonly string[]): Promise<number> => {
  let bytes = 0;
  let entries = 0;
  const open = [...paths];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const found: Stats | null = await lstat(path).catch(() => null);
    if (!found?.isDirectory()) {
      bytes += found?.size ?? 0;
      continue;
    }
    const folder = await opendir(path).catch(() => []);
    try {
      for await (const { name } of folder) {
        if (++entries > MOST_ENTRIES) return Number.POSITIVE_INFINITY;
        open.push(join(path, name));
      }
    } catch {
      // It went while it was read.
    }
  }
  return bytes;
};
