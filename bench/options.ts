import { writeFile } from "node:fs/promises";
import { wholeNumber } from "#shared/cli/numbers.js";

/** A parser of an option that takes several whole numbers, in place of the standard ones. */
export const wholeNumbers = (least: number, standard: readonly number[]) => {
  const one = wholeNumber(least);
  return (text: string, before: readonly number[]): readonly number[] => [
    ...(before === standard ? [] : before),
    one(text),
  ];
};

/** Writes a bench's figures where the option --json says, if it was given. */
export const writeFigures = async (file: string | undefined, figures: object): Promise<void> => {
  if (file !== undefined) await writeFile(file, `${JSON.stringify(figures, null, 2)}\n`);
};
