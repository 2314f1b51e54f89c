import { type Stats, statSync } from "node:fs";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** What the file system says of a file of documents. @throws BlockZeroError DATASET_NOT_FOUND */
export const statFile = (path: string): Stats => {
  try {
    return statSync(path);
  } catch (cause) {
    throw new BlockZeroError(
      "DATASET_NOT_FOUND",
      `cannot open the data file ${path}: ${reasonOf(cause)}`,
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause },
    );
  }
};
