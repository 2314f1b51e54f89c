import { chownSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import type { Account } from "./account.js";

/**
 * Makes the folders that a unit may write to where they are missing: systemd starts no unit that names one which is not there. They are `owner`'s
 * alone, or the current user's without one.
 *
 * @param store the one of them that holds a store, which another user's program may have
 * @throws BlockZeroError FILE_UNWRITABLE; SERVICE_FAILED for a folder that is there and that `owner` cannot write
 */
export const makeFolders = (
  folders: readonly string[],
  owner: Pick<Account, "uid" | "gid"> | undefined,
  store?: string,
): void => {
  const refused = owner && folders.find((folder) => isClosedTo(owner, folder));
  if (refused !== undefined)
    throw new BlockZeroError(
      "SERVICE_FAILED",
      `${refused} is another user's, who alone may write there`,
      refused === store
        ? "run the programs that share a store's folder as one user, or give this one a folder of its own"
        : `give it to the program's user: chown -R ${owner?.uid}:${owner?.gid} ${refused}`,
    );
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

const OTHERS_WRITE = 0o022;

/** Where a group or everybody may write, or a list of its own says who (which shows as the group's), the user may be among them. */
const isClosedTo = ({ uid }: Pick<Account, "uid">, folder: string): boolean => {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found !== undefined && uid !== 0 && found.uid !== uid && (found.mode & OTHERS_WRITE) === 0;
};
