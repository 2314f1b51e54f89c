import { rm } from "node:fs/promises";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { writing } from "#shared/files/writing.js";

/** Owner only. */
const PRIVATE = 0o700;

/** Removes a file, or a folder and all in it, whatever a program left there. @throws BlockZeroError FILE_UNWRITABLE */
export const removeWhole = (path: string): Promise<void> =>
  writing(path, () => rm(path, { recursive: true, force: true }));

/** Makes a folder that only its owner can read, where it is not there yet. @throws BlockZeroError FILE_UNWRITABLE */
export const makeFolder = (path: string): Promise<void> =>
  writing(path, async () => void (await ensureFolder(path, PRIVATE)));

/** Writes the document that a program is told of, whole or not at all. @throws BlockZeroError FILE_UNWRITABLE */
export const writeDocument = (path: string, document: object): Promise<void> =>
  writing(path, async () => writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`));
