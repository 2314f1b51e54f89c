import type { ChartConfiguration } from "chart.js";
import type { Measures } from "../measures.js";
import type { Simulation } from "../simulate.js";

export interface Colours {
  readonly text: string;
  readonly grid: string;
  readonly first: string;
  readonly good: string;
  readonly bad: string;
}

/** Points along a line chart at most. */
const MOST_POINTS = 120;
const HUES = [212, 28, 145, 280, 0, 50, 180, 320];

/** The page's charts by the id of their canvas. */
export const charts = (
  { incomeByKind }: Simulation,
  { kinds, incomeByPlace }: Measures,
  colours: Colours,
): Readonly<Record<string, ChartConfiguration>> => {
  const names = kinds.map(({ name }) => name);
  const step = Math.max(1, Math.ceil(incomeByKind.length / MOST_POINTS));
  const cycles = Array.from({ length: Math.ceil(incomeByKind.length / step) }, (_, i) => i * step);
  const paid = incomeByPlace.slice(0, Math.max(1, incomeByPlace.findLastIndex((income) => income > 0) + 2));
  const meanOf = (kind: number, from: number) => {
    const rows = incomeByKind.slice(from, from + step);
    return rows.reduce((sum, row) => sum + row[kind]!, 0) / rows.length / kinds[kind]!.miners;
  };
  return {
    "chart-profit": bars(colours, names, [
      { label: "income", data: kinds.map(({ income }) => income), backgroundColor: colours.first },
      { label: "cost", data: kinds.map(({ cost }) => -cost), backgroundColor: colours.grid },
      {
        label: "profit",
        data: kinds.map(({ profit }) => profit),
        backgroundColor: kinds.map(({ profit }) => (profit >= 0 ? colours.good : colours.bad)),
      },
    ]),
    "chart-place": bars(
      colours,
      paid.map((_, place) => String(place + 1)),
      [{ label: "income of a cycle", data: paid, backgroundColor: colours.first }],
    ),
    "chart-time": {
      type: "line",
      data: {
        labels: cycles,
        datasets: names.map((label, kind) => ({
          label,
          data: cycles.map((from) => meanOf(kind, from)),
          borderColor: `hsl(${HUES[kind % HUES.length]} 70% 55%)`,
          borderWidth: 1.5,
          pointRadius: 0,
        })),
      },
      options: options(colours),
    },
  };
};

type Bars = ChartConfiguration<"bar">["data"]["datasets"];

const bars = (colours: Colours, labels: readonly string[], datasets: Bars): ChartConfiguration => ({
  type: "bar",
  data: { labels: [...labels], datasets },
  options: options(colours),
});

const options = ({ text, grid }: Colours): NonNullable<ChartConfiguration["options"]> => {
  const axis = { ticks: { color: text }, grid: { color: grid } };
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    plugins: { legend: { labels: { color: text, boxWidth: 12 } } },
    scales: { x: axis, y: axis },
  };
};
