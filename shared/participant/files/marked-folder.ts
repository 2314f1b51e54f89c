import { randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";

/** Tells a store's folder from what stands in its place while its disk is not mounted. Other participants may share it. */
const MARK_FILE = "blockzero-store";

/** Others than the owner may read it: on a share they are other users. */
const READABLE = 0o644;

/**
 * The mark of a folder: made where it has none yet.
 *
 * @param known what it was when a copy was last put there
 * @throws BlockZeroError STORE_FAILED where it is another, or the folder cannot be read
 */
export const markOf = (folder: string, known: string | undefined): string => {
  const file = join(folder, MARK_FILE);
  try {
    const mark = readFileIfAny(file)?.trim();
    if (known !== undefined && mark !== known) throw another(folder);
    return mark || made(folder, file);
  } catch (thrown) {
    if (thrown instanceof BlockZeroError) throw thrown;
    const hint = "make it readable and writable for this user, and look at its disk";
    throw new BlockZeroError("STORE_FAILED", `${folder}: ${reasonOf(thrown)}`, hint, { cause: thrown });
  }
};

/** Of several that make one at once all have the first one's. */
const made = (folder: string, file: string): string => {
  ensureFolderSync(folder);
  try {
    writeFileSync(file, `${randomUUID()}\n`, { flag: "wx", mode: READABLE });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
  }
  const mark = readFileSync(file, "utf8").trim();
  if (mark !== "") return mark;
  // Who made it ended before it was written.
  rmSync(file);
  throw new Error(`${MARK_FILE} was empty, and is made anew at the next try`);
};

const another = (folder: string): BlockZeroError =>
  new BlockZeroError(
    "STORE_FAILED",
    `${folder} is not the folder that copies were put into before: it lacks their ${MARK_FILE}`,
    `mount its disk; if it was moved on purpose, copy ${MARK_FILE} there, or delete "mark" from archive.json`,
  );
