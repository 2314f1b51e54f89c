import { escapeHtml } from "#shared/cli/escape-html.js";
import type { Reason } from "../pieces/tally.js";
import type { PackReport } from "./report.js";

const count = (value: number): string => value.toLocaleString("en-US");
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const cells = (tag: "td" | "th", row: readonly string[]): string =>
  `<tr>${row.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table>`;

/** Rows of each reason, with samples that open. */
const details = (before: string, reasons: Readonly<Record<string, Reason>>): readonly string[] =>
  Object.entries(reasons).map(([reason, { rows, bytes, samples }]) => {
    const shown = samples.map(
      ({ source, row, text, beside }) =>
        `<p>${escapeHtml(source)}, row ${row}</p><pre>${escapeHtml(text)}</pre>${beside === undefined ? "" : `<p>kept instead:</p><pre>${escapeHtml(beside)}</pre>`}`,
    );
    return `<details><summary>${escapeHtml(before + reason)} — ${count(rows)} rows, ${megabytes(bytes)}</summary>${shown.join("")}</details>`;
  });

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}.bar{display:inline-block;height:.7rem;background:#47a}
pre{white-space:pre-wrap;background:#f5f5f5;padding:.5rem;margin:.3rem 0}summary{cursor:pointer}code{word-break:break-all}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#242424}td,th{border-color:#333}}`;

/** Widest bar of the table of stages. */
const BAR_REM = 20;

/** The report as one page that needs nothing else. */
export const reportPage = ({ hash, tokenizer, sources, tally, stages, sides, near }: PackReport): string => {
  const bar = (rows: number) =>
    `<span class="bar" style="width:${((BAR_REM * rows) / Math.max(1, tally.rows)).toFixed(2)}rem"></span>`;
  const reasons = Object.entries(tally.left).flatMap(([stage, found]) => details(`${stage}: `, found));
  const remarks = details("", tally.remarks);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pack ${hash.slice(0, 8)}</title><style>${STYLE}</style>
<h1>Pack <code>${hash.slice(0, 8)}</code></h1>
<p>SHA-256 of the manifest <code>${hash}</code>, tokenizer <code>${escapeHtml(tokenizer)}</code>.</p>
<h2>What remained</h2>
${table(
  ["stage", "left out", "remain", ""],
  [
    ["all rows", "", count(tally.rows), bar(tally.rows)],
    ...stages.map(({ stage, left, rows }) => [stage, count(left), count(rows), bar(rows)]),
  ],
)}
<h2>Parts</h2>
${table(
  ["part", "documents", "tokens", "text", "shards", "size"],
  Object.entries(sides).map(([side, figures]) => [
    side,
    count(figures.documents),
    count(figures.tokens),
    megabytes(figures.textBytes),
    count(figures.shards),
    megabytes(figures.bytes),
  ]),
)}
<h2>Near duplicates</h2>
<p>${near.words} words in a row; ${near.bands} bands of ${near.rows}; ${count(near.clusters)} clusters, the largest of ${count(near.largest)}.</p>
${table(
  ["similarity", "chance that two texts are found"],
  near.chances.map(({ similarity, chance }) => [String(similarity), `${(100 * chance).toPrecision(3)} %`]),
)}
<h2>What was left out, and why</h2>
${reasons.join("\n")}
${remarks.length > 0 ? `<h2>To know of what was kept</h2>\n${remarks.join("\n")}` : ""}
<h2>Sources</h2>
${table(
  ["file", "size"],
  sources.map(({ name, bytes }) => [escapeHtml(name), megabytes(bytes)]),
)}
</html>
`;
};
