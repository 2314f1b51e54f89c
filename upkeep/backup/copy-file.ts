import { copyFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Copies a file, whose bytes are on the disk when it resolves. The process goes on meanwhile, so its locks do not look dead. */
export const copyFileDurably = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  // Windows synchronises no file that is open for reading only.
  const file = await open(to, process.platform === "win32" ? "r+" : "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
};
