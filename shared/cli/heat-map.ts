/** Values between 0 and 1 for rows and columns, such as layers and experts. */
export interface HeatMap {
  readonly title: string;
  /** Names of the rows, such as layers. */
  readonly rows: readonly string[];
  /** By row, then by column. */
  readonly values: readonly (readonly number[])[];
  /** By row and column, a mark such as the group that owns the expert; an empty text for none. */
  readonly marks?: readonly (readonly string[])[];
}

const SHADES = [" ", "·", "░", "▒", "▓", "█"] as const;

/** The largest value of a map: what its darkest shade stands for. */
export const peakOf = ({ values }: HeatMap): number => Math.max(0, ...values.flat());

/** A map as lines for a terminal: a character a column, darker for more, with the marks as letters beside it. */
export const heatMapLines = (map: HeatMap): readonly string[] => {
  const peak = peakOf(map);
  const width = Math.max(0, ...map.rows.map(({ length }) => length));
  const shade = (value: number) => SHADES[peak > 0 ? Math.round((value / peak) * (SHADES.length - 1)) : 0];
  const marks = (row: number) => map.marks?.[row]?.map((mark) => mark.at(0) ?? ".").join("");
  return [
    `${map.title} (${SHADES.at(-1)} = ${(100 * peak).toFixed(1)} %)`,
    ...map.values.map((values, row) => {
      const own = marks(row);
      return `${map.rows[row]!.padStart(width)} |${values.map(shade).join("")}|${own === undefined ? "" : ` ${own}`}`;
    }),
  ];
};
