import { table } from "#shared/cli/table.js";
import { plural } from "#shared/util/plural.js";
import { printable } from "#shared/util/printable.js";
import type { PackReport } from "./report.js";

const count = (value: number): string => value.toLocaleString("en-US");

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Characters of a sample on a line of the report. */
const SAMPLE_CHARS = 100;

/** The report for a terminal or a pager. */
export const reportText = ({ hash, tokenizer, sources, tally, stages, sides, near }: PackReport): string => {
  const lines = [
    `pack ${hash}`,
    `tokenizer ${tokenizer}; ${plural(sources.length, "file")}, ${megabytes(sources.reduce((sum, { bytes }) => sum + bytes, 0))}; ${count(tally.rows)} rows, ${megabytes(tally.bytes)} of text`,
    "",
    table([
      ["stage", "left out", "remain"],
      ...stages.map(({ stage, left, rows }) => [stage, count(left), count(rows)]),
    ]),
    "",
    table([
      ["part", "documents", "tokens", "text", "shards"],
      ...Object.entries(sides).map(([side, { documents, tokens, textBytes, shards }]) => [
        side,
        count(documents),
        count(tokens),
        megabytes(textBytes),
        count(shards),
      ]),
    ]),
    "",
    `near duplicates: ${near.words} words in a row, ${near.bands} bands of ${near.rows}; ${count(near.clusters)} clusters, the largest of ${count(near.largest)}`,
    `  two texts are found with a chance of ${near.chances.map(({ similarity, chance }) => `${(100 * chance).toPrecision(3)} % at similarity ${similarity}`).join(", ")}`,
  ];
  for (const [stage, reasons] of [["kept", tally.remarks] as const, ...Object.entries(tally.left)])
    for (const [reason, { rows, bytes, samples }] of byRows(reasons)) {
      lines.push("", `${stage}: ${printable(reason)}: ${count(rows)} rows, ${megabytes(bytes)}`);
      for (const { source, row, text } of samples) lines.push(`  ${printable(source)}:${row}  ${oneLine(text)}`);
    }
  return `${lines.join("\n")}\n`;
};

const byRows = <T extends { readonly rows: number }>(reasons: Readonly<Record<string, T>>): readonly [string, T][] =>
  Object.entries(reasons).sort(([, a], [, b]) => b.rows - a.rows);

const oneLine = (text: string): string => printable(JSON.stringify(text.slice(0, SAMPLE_CHARS)).slice(1, -1));
