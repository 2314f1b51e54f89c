import { oneLine } from "#shared/errors/error.js";

/** Prints a result: names in one column, values in the next, each on one line, whoever wrote it. Standard output holds results and nothing else. */
export const printFields = (fields: Readonly<Record<string, string | number>>): void => {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) console.log(`${name.padEnd(width)}  ${oneLine(String(value))}`);
};
