/** One curve of a picture. */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

/** Curves over cycles that belong beside each other. */
export interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
}

const COLOURS = ["#0b6e4f", "#c0392b", "#2c3e50", "#b8860b", "#6c3483"];
const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = 56;
/** Room above the loss at first, as part of what the best came down. */
const HEADROOM = 0.25;

/** Charts one below the other, as a picture that needs nothing else. */
export const picture = (charts: readonly Chart[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT * charts.length}"`,
    'font-family="sans-serif" font-size="13">',
    `<rect width="${WIDTH}" height="${HEIGHT * charts.length}" fill="#fff"/>`,
    ...charts.map((chart, i) => `<g transform="translate(0 ${HEIGHT * i})">\n${drawn(chart)}\n</g>`),
    "</svg>",
    "",
  ].join("\n");

const drawn = ({ title, lines }: Chart): string => {
  const low = Math.min(...lines.flatMap(({ values }) => values));
  const start = Math.max(...lines.map(({ values }) => values[0]!));
  // A run that diverges is cut off above, so that the others can be told apart.
  const high = start + HEADROOM * (start - low);
  const most = Math.max(2, ...lines.map(({ values }) => values.length));
  const x = (i: number) => MARGIN + (i * (WIDTH - 2 * MARGIN)) / (most - 1);
  const y = (value: number) =>
    HEIGHT - MARGIN - ((Math.min(value, high) - low) * (HEIGHT - 2 * MARGIN)) / (high - low || 1);
  const curves = lines.map(({ name, values }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points}"/>`,
      `<text x="${WIDTH - MARGIN - 190}" y="${MARGIN + 18 * i}" fill="${colour}">${name}</text>`,
    ].join("\n");
  });
  return [
    `<text x="${MARGIN}" y="24">${title}</text>`,
    `<text x="4" y="${y(high)}">${high.toFixed(3)}</text>`,
    `<text x="4" y="${y(low)}">${low.toFixed(3)}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 14}">cycles</text>`,
    ...curves,
  ].join("\n");
};
