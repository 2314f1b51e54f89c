import { oneLine } from "#shared/errors/error.js";

/**
 * Prints a result: names in one column, values in the next, each on one line, whoever wrote it. Standard output holds results and nothing else.
 * @param least width of the first column at least, where what is printed apart is to stand in the same columns
 */
export const printFields = (fields: Readonly<Record<string, string | number>>, least = 0): void => {
  const width = Math.max(least, ...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) console.log(`${name.padEnd(width)}  ${oneLine(String(value))}`);
};
