/** Rows of text as lines of aligned columns: numbers to the right, the first column and words to the left. */
export const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const shapes = (rows[0] ?? []).map((_, column) => {
    const cells = rows.map((row) => row[column]!);
    const isNumeric = column > 0 && cells.slice(1).every((cell) => NUMBER.test(cell));
    return { width: Math.max(...cells.map((cell) => cell.length)), isNumeric };
  });
  return rows.map((row) =>
    row
      .map((cell, i) => (shapes[i]!.isNumeric ? cell.padStart(shapes[i]!.width) : cell.padEnd(shapes[i]!.width)))
      .join("  ")
      .trimEnd(),
  );
};

/** A number with its unit, or what stands where there is none. */
const NUMBER = /^(?:[–∞]?$|[-+−]?\d)/;

/** The same as a block of text, indented. */
export const table = (rows: readonly (readonly string[])[]): string =>
  columns(rows)
    .map((line) => `  ${line}`.trimEnd())
    .join("\n");
