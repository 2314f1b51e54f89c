/** One curve of a picture. */
export interface Line {
  readonly name: string;
  readonly values: readonly number[];
}

const COLOURS = ["#0b6e4f", "#c0392b", "#2c3e50", "#b8860b", "#6c3483"];
const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = 56;

/** Curves over cycles as a picture that needs nothing else. */
export const picture = (title: string, lines: readonly Line[]): string => {
  const all = lines.flatMap(({ values }) => values).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const most = Math.max(2, ...lines.map(({ values }) => values.length));
  const x = (i: number) => MARGIN + (i * (WIDTH - 2 * MARGIN)) / (most - 1);
  const y = (value: number) => HEIGHT - MARGIN - ((value - low) * (HEIGHT - 2 * MARGIN)) / (high - low || 1);
  const drawn = lines.map(({ name, values }, i) => {
    const colour = COLOURS[i % COLOURS.length]!;
    const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points}"/>`,
      `<text x="${WIDTH - MARGIN - 190}" y="${MARGIN + 18 * i}" fill="${colour}">${name}</text>`,
    ].join("\n");
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="24">${title}</text>`,
    `<text x="4" y="${y(high)}">${high.toFixed(3)}</text>`,
    `<text x="4" y="${y(low)}">${low.toFixed(3)}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 14}">cycles</text>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
};
