import { escapeHtml } from "./escape-html.js";
import { type HeatMap, peakOf } from "./heat-map.js";

const CELL = 14;
const LABEL = 34;

/** Maps as one page of HTML that needs nothing else: a square a value, darker for more, framed in the colour of its mark. */
export const heatMapPage = (title: string, maps: readonly HeatMap[]): string => {
  const marks = [...new Set(maps.flatMap((map) => map.marks?.flat() ?? []).filter((mark) => mark !== ""))];
  const colour = (mark: string) => `hsl(${Math.round((360 * marks.indexOf(mark)) / marks.length)} 70% 45%)`;
  const legend = marks.map((mark) => `<span style="border:2px solid ${colour(mark)}">${escapeHtml(mark)}</span>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
section { display: inline-block; vertical-align: top; margin: 0 2em 2em 0 }
h2 { font-size: 15px } text { font-size: 9px; fill: #555 } span { padding: 0 .4em; margin-right: .6em }
</style>
<h1>${escapeHtml(title)}</h1>
<p>A row is a layer, a column an expert; darker is more. ${legend.join("")}</p>
${maps.map((map) => section(map, colour)).join("\n")}
</html>
`;
};

const section = (map: HeatMap, colour: (mark: string) => string): string => {
  const peak = peakOf(map);
  const columns = map.values[0]?.length ?? 0;
  const squares = map.values.flatMap((values, row) =>
    values.map((value, column) => {
      const mark = map.marks?.[row]?.[column] ?? "";
      const says = `layer ${map.rows[row]}, expert ${column}: ${(100 * value).toFixed(2)} %${mark && ` (${mark})`}`;
      const frame = mark && ` stroke="${colour(mark)}" stroke-width="2"`;
      const shade = `rgba(20,40,120,${peak > 0 ? (value / peak).toFixed(3) : 0})`;
      return `<rect x="${LABEL + column * CELL + 1}" y="${row * CELL + 1}" width="${CELL - 3}" height="${CELL - 3}" fill="${shade}"${frame}><title>${escapeHtml(says)}</title></rect>`;
    }),
  );
  const labels = map.rows.map((name, row) => `<text x="0" y="${row * CELL + 10}">${escapeHtml(name)}</text>`);
  return `<section><h2>${escapeHtml(map.title)}, darkest ${(100 * peak).toFixed(1)} %</h2>
<svg width="${LABEL + columns * CELL}" height="${map.rows.length * CELL}" role="img">${labels.join("")}${squares.join("")}</svg></section>`;
};
