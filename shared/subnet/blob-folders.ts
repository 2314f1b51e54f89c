import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** `<home>/blobs`, and those of the owner and of each hotkey further down, as localnet and participants lay them out. */
export const blobFolders = (home: string): string[] => {
  const hotkeys = (folder: string) => subfolders(folder).map((hotkey) => join(folder, hotkey));
  const players = hotkeys(join(home, "players")).flatMap(hotkeys);
  return [home, join(home, "owner"), ...hotkeys(home), ...players]
    .map((folder) => join(folder, "blobs"))
    .filter((folder, i, all) => existsSync(folder) && all.indexOf(folder) === i);
};

const subfolders = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
    : [];
