import type { ChartConfiguration } from "chart.js";
import type { Picture } from "../chart-data.js";

export interface Colours {
  readonly text: string;
  readonly grid: string;
  readonly first: string;
  readonly good: string;
  readonly bad: string;
}

const HUES = [212, 28, 145, 280, 0, 50, 180, 320];

/** The page's charts by the id of their canvas. */
export const charts = (
  { measures: { kinds, incomeByPlace }, series }: Picture,
  colours: Colours,
): Readonly<Record<string, ChartConfiguration>> => {
  const names = kinds.map(({ name }) => name);
  const paid = incomeByPlace.slice(0, Math.max(1, incomeByPlace.findLastIndex((income) => income > 0) + 2));
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
        labels: [...series.from],
        datasets: names.map((label, kind) => ({
          label,
          data: [...series.income[kind]!],
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
