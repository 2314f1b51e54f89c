import { accessSync, constants, existsSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** A parser of an option that takes several numbers, in place of the standard ones. @param one parses one of them */
export const numbers =
  (one: (text: string) => number, standard: readonly number[]) =>
  (text: string, before: readonly number[]): readonly number[] => [...(before === standard ? [] : before), one(text)];

/** The same of whole ones. */
export const wholeNumbers = (least: number, standard: readonly number[]) => numbers(wholeNumber(least), standard);

/** The option of benches that train on young base models. @param standard unless the command line says others */
export const pretrainingOption = (standard: readonly number[]): Option =>
  new Option("--pretraining <steps...>", "inner steps behind the base models")
    .argParser(wholeNumbers(1, standard))
    .default(standard);

/** An option that names a file to write. One that cannot be written is refused before anything is measured, with FILE_UNWRITABLE. */
export const outputOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser(writable);

/** The option --json of every bench. */
export const figuresOption = (): Option => outputOption("--json <file>", "write the figures there");

/** Writes a bench's figures where the option --json says, if it was given. @throws BlockZeroError FILE_UNWRITABLE */
export const writeFigures = async (file: string | undefined, figures: object): Promise<void> => {
  if (file !== undefined) await writeOutput(file, `${JSON.stringify(figures, null, 2)}\n`);
};

/** @throws BlockZeroError FILE_UNWRITABLE */
export const writeOutput = async (file: string, text: string): Promise<void> => {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw unwritable(file, cause);
  }
};

const writable = (text: string): string => {
  const file = resolve(text);
  try {
    if (!existsSync(file)) {
      // The slash: else a file would do as well as a folder.
      accessSync(`${dirname(file)}/`, constants.W_OK);
    } else if (statSync(file).isDirectory()) {
      throw new Error("it is a folder");
    } else {
      accessSync(file, constants.W_OK);
    }
    return file;
  } catch (cause) {
    throw unwritable(text, cause);
  }
};

const unwritable = (file: string, cause: unknown) =>
  new BlockZeroError(
    "FILE_UNWRITABLE",
    `cannot write ${file}: ${reasonOf(cause)}`,
    "name a file in a folder that is there, where this user may write",
    { cause },
  );
