import { closeSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** Four digits that mean something; null: more than any number. */
export const figure = (value: number | null): string => (value === null ? "∞" : value.toPrecision(4));

/** @throws FILE_UNWRITABLE */
export const save = (file: string | undefined, text: () => string): void => {
  if (file === undefined) return;
  const content = `${text()}\n`;
  try {
    writeFileSync(file, content);
  } catch (thrown) {
    throw unwritable(file, thrown);
  }
};

/**
 * Finds before the work whether its results can be written. Leaves nothing.
 *
 * @throws BlockZeroError FILE_UNWRITABLE
 */
export const checkSavable = (...files: readonly (string | undefined)[]): void => {
  for (const file of files) {
    if (file === undefined) continue;
    try {
      const there = statSync(file, { throwIfNoEntry: false });
      // Opening a pipe would wait for its reader, and closing it end what that reads.
      if (there && !there.isFile() && !there.isDirectory()) continue;
      closeSync(openSync(file, "a"));
      if (!there) rmSync(file);
    } catch (thrown) {
      throw unwritable(file, thrown);
    }
  }
};

const unwritable = (file: string, cause: unknown): BlockZeroError =>
  new BlockZeroError("FILE_UNWRITABLE", `cannot write ${file}: ${reasonOf(cause)}`, "choose another path", { cause });
