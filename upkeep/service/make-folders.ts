import { chownSync } from "node:fs";
import { dirname } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import type { Account } from "./account.js";

/**
 * Makes the folders that a unit may write to where they are missing: systemd starts no unit that names one which is not there. They are `owner`'s alone,
 * or the current user's without one.
 *
 * @throws BlockZeroError FILE_UNWRITABLE
 */
export const makeFolders = (folders: readonly string[], owner: Pick<Account, "uid" | "gid"> | undefined): void => {
  for (const folder of folders)
    try {
      const first = ensureFolderSync(folder, 0o700);
      if (first === undefined || owner === undefined || owner.uid === process.getuid?.()) continue;
      for (let made = folder; made.length >= first.length; made = dirname(made)) chownSync(made, owner.uid, owner.gid);
    } catch (cause) {
      throw new BlockZeroError(
        "FILE_UNWRITABLE",
        `${folder} cannot be made: ${reasonOf(cause)}`,
        "run it as root, or make the folder for the program's user",
        { cause },
      );
    }
};
