import { copyFile, open } from "node:fs/promises";
import { dirname } from "node:path";
import { ensureFolder } from "#shared/files/ensure-folder.js";

/** Copies a file, whose bytes are on the disk when it resolves. The process goes on meanwhile, so its locks do not look dead. */
export const copyFileDurably = async (from: string, to: string): Promise<void> => {
  await ensureFolder(dirname(to));
  await copyFile(from, to);
  // Windows synchronises no file that is open for reading only.
  const file = await open(to, process.platform === "win32" ? "r+" : "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};
