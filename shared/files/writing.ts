import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** Does work that writes at a path. @throws BlockZeroError FILE_UNWRITABLE for whatever it throws */
export const writing = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError(
      "FILE_UNWRITABLE",
      `cannot write ${path}: ${reasonOf(cause)}`,
      "check the folder's space and permissions",
      { cause },
    );
  }
};
