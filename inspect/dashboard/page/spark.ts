import { shape } from "./dom.js";

const WIDTH = 110;
const HEIGHT = 20;

/** A line of values, the newest at the right; gaps where there is none. @param describe says to those who do not see it what matters */
export const sparkLine = (
  values: readonly (number | null)[],
  describe: (values: readonly (number | null)[]) => string,
): SVGSVGElement => {
  const known = values.flatMap((value) => (value === null ? [] : [value]));
  const most = Math.max(...known, 0) || 1;
  const x = (at: number) => (values.length < 2 ? WIDTH : (at / (values.length - 1)) * WIDTH);
  const y = (value: number) => HEIGHT - 1 - (value / most) * (HEIGHT - 3);
  const last = values.findLastIndex((value) => value !== null);
  return shape(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": describe(values) },
    shape("path", { d: pathOf(values, x, y) }),
    ...(last < 0 ? [] : [shape("circle", { cx: x(last), cy: y(values[last]!), r: 2 })]),
  );
};

/** Fills a cell with a line, anew only where a value has changed. */
export const drawSpark = (cell: HTMLElement, ...[values, describe]: Parameters<typeof sparkLine>): void => {
  const text = values.join();
  if (cell.dataset.values === text) return;
  cell.dataset.values = text;
  cell.replaceChildren(sparkLine(values, describe));
};

export const pathOf = (
  values: readonly (number | null)[],
  x: (at: number) => number,
  y: (value: number) => number,
): string =>
  values
    .map((value, at) =>
      value === null
        ? ""
        : `${at === 0 || values[at - 1] === null ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`,
    )
    .join("");

export const describeScores = (values: readonly (number | null)[]): string => {
  const known = values.filter((value) => value !== null);
  return known.length === 0
    ? `scored in none of ${values.length} cycles`
    : `scored in ${known.length} of ${values.length} cycles, between ${Math.min(...known).toFixed(4)} and ${Math.max(...known).toFixed(4)}`;
};
