/** Rows of text in aligned columns: numbers to the right, the first column and words to the left. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const columns = (rows[0] ?? []).map((_, column) => {
    const cells = rows.map((row) => row[column]!);
    const isNumeric = column > 0 && cells.slice(1).every((cell) => cell === "" || /^[−-]?\d/.test(cell));
    return { width: Math.max(...cells.map((cell) => cell.length)), isNumeric };
  });
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (columns[i]!.isNumeric ? cell.padStart(columns[i]!.width) : cell.padEnd(columns[i]!.width)))
      .join("  ");
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join("\n");
};
