import { escapeHtml } from "#shared/cli/escape-html.js";

export interface LineChart {
  /** What it shows, for who does not see it. */
  readonly label: string;
  readonly x: { readonly values: readonly number[]; readonly text: (value: number) => string };
  readonly y: { readonly most: number; readonly text: (value: number) => string };
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 52;
const BOTTOM = 22;
const TOP = 10;
const HUES = [212, 28, 145, 280, 0, 50, 180, 320];
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

/** Lines over one axis as a figure of HTML. Lines differ by dashes too. What is above the axis is cut off. */
export const lines = ({ label, x, y, series }: LineChart): string => {
  const last = Math.max(1, x.values.length - 1);
  const across = (i: number): number => LEFT + ((WIDTH - LEFT - 10) * i) / last;
  const up = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / y.most);
  const path = (values: readonly number[]): string =>
    values
      .map((value, i) => ({ value, i }))
      .filter(({ value }) => value <= y.most)
      .map(({ value, i }, at) => `${at === 0 ? "M" : "L"}${across(i).toFixed(1)} ${up(value).toFixed(1)}`)
      .join("");
  const colour = (at: number): string => `hsl(${HUES[at % HUES.length]} 65% 52%)`;
  const dash = (at: number): string => DASHES[Math.floor(at / 2) % DASHES.length]!;
  const marks = [0, 1, 2, 3, 4].map((part) => {
    const value = (y.most * part) / 4;
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - 10}" y1="${up(value)}" y2="${up(value)}"/><text x="${LEFT - 6}" y="${up(value) + 4}" text-anchor="end">${y.text(value)}</text>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const i = Math.round(part * last);
    const value = x.values[i];
    return value === undefined
      ? ""
      : `<text x="${across(i)}" y="${HEIGHT - 6}" text-anchor="middle">${x.text(value)}</text>`;
  });
  const drawn = series.map(
    ({ values }, at) =>
      `<path class="line" d="${path(values)}" stroke="${colour(at)}" stroke-dasharray="${dash(at)}"/>`,
  );
  const legend = series.map(
    ({ name }, at) =>
      `<span><i style="border-color:${colour(at)};border-top-style:${dash(at) === "" ? "solid" : "dashed"}"></i>${escapeHtml(name)}</span>`,
  );
  return `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(label)}">${marks.join("")}${ticks.join("")}${drawn.join("")}</svg><figcaption>${legend.join("")}</figcaption></figure>`;
};
