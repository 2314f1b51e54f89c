import { homedir } from "node:os";
import { BlockZeroError } from "#shared/errors/error.js";

/** The user's home folder. Throws `BlockZeroError` HOME_UNKNOWN where neither `HOME` nor the system's list of users names one. */
export const homeFolder = (): string => {
  try {
    return homedir();
  } catch (cause) {
    throw new BlockZeroError(
      "HOME_UNKNOWN",
      "this user has no home folder: HOME is not set, and the system does not know the user",
      "set HOME, or give paths that do not begin with ~, as wallet.path (BLOCKZERO_WALLET_PATH)",
      { cause },
    );
  }
};
