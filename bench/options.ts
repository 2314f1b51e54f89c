import { writeFile } from "node:fs/promises";
import { BlockZeroError } from "#shared/errors.js";

/** Reads an option's value as a whole number. Throws BENCH_OPTION for anything else. */
export const whole =
  (option: string, least: number) =>
  (value: string): number => {
    const number = Number(value);
    if (value.trim() !== "" && Number.isInteger(number) && number >= least) return number;
    throw new BlockZeroError("BENCH_OPTION", `${option} ${value}`, `give a whole number of at least ${least}`);
  };

/** Writes a bench's figures where the option --json says, if it was given. */
export const writeFigures = async (file: string | undefined, figures: object): Promise<void> => {
  if (file !== undefined) await writeFile(file, `${JSON.stringify(figures, null, 2)}\n`);
};
