import { writeFileSync } from "node:fs";
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
    throw new BlockZeroError("FILE_UNWRITABLE", `cannot write ${file}: ${reasonOf(thrown)}`, "choose another path", {
      cause: thrown,
    });
  }
};
