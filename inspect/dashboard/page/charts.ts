import type { ChartConfiguration, Chart as ChartType } from "chart.js";
import type { History, MinerPage, Rewards } from "../snapshot.js";
import { byId } from "./dom.js";

/** Loaded before this module runs. */
declare const Chart: typeof ChartType;

/** Points of a line are drawn one by one up to so many. */
const FEW = 40;

/** Labels of an axis. */
const TICKS = 12;

/** Patterns and points of lines: colours are not all that tells them apart. */
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
const POINTS = ["circle", "triangle", "rect", "star"] as const;

const drawn = new Map<string, ChartType>();

/** How each chart was drawn last. */
const redraws = new Map<string, () => void>();

/** Draws all charts again, in the colours of the moment. */
export const redrawCharts = (): void => {
  for (const redraw of [...redraws.values()]) redraw();
};

/** Draws a chart, or what has changed in it. @param description for those who do not see it */
const show = (id: string, make: () => ChartConfiguration, description: string): void => {
  const config = make();
  redraws.set(id, () => show(id, make, description));
  const canvas = byId<HTMLCanvasElement>(id);
  canvas.setAttribute("aria-label", description);
  const known = drawn.get(id);
  if (!known) {
    drawn.set(id, new Chart(canvas, config));
    return;
  }
  known.data = config.data;
  if (config.options) known.options = config.options;
  known.update("none");
};

export const drawLosses = ({ cycles, groups }: History, unit: "loss" | "bitsPerByte"): void => {
  const name = unit === "loss" ? "nats per token" : "bits per byte";
  const datasets = () =>
    groups.map((group, at) => ({
      label: group.name,
      data: [...group[unit]],
      borderColor: colour(`--g${at % 8}`),
      backgroundColor: colour(`--g${at % 8}`),
      borderDash: DASHES[at % DASHES.length]!,
      pointStyle: POINTS[at % POINTS.length]!,
      borderWidth: 2,
      pointRadius: cycles.length > FEW ? 0 : 2.5,
      spanGaps: true,
    }));
  const ends = groups.map((group) => {
    const known = group[unit].filter((value) => value !== null);
    return known.length === 0
      ? `${group.name} not known`
      : `${group.name} ${known[0]!.toFixed(3)} to ${known.at(-1)!.toFixed(3)}`;
  });
  show(
    "chart-losses",
    () => ({ type: "line", data: { labels: [...cycles], datasets: datasets() }, options: options("cycle", name) }),
    `Loss in ${name} over ${cycles.length} cycles: ${ends.join("; ")}. The table below has the values.`,
  );
};

export const drawRewards = ({ curve, shares }: Rewards): void =>
  show(
    "chart-rewards",
    () => ({
      type: "bar",
      data: {
        labels: shares.map((_, place) => place + 1),
        datasets: [
          {
            label: "share of the group's pool, %",
            data: shares.map((share) => 100 * share),
            backgroundColor: colour("--accent"),
          },
        ],
      },
      options: options("place", "%"),
    }),
    `Curve ${curve}: ${shares
      .slice(0, 5)
      .map((share, place) => `place ${place + 1} ${(100 * share).toFixed(1)} %`)
      .join(", ")}.`,
  );

export const drawMiner = ({ history }: Pick<MinerPage, "history">): void => {
  const ascending = [...history].reverse();
  const point = { pointRadius: ascending.length > FEW ? 0 : 2.5, spanGaps: false, borderWidth: 2 };
  const line = (label: string, data: (number | null)[], index: number) => ({
    label,
    data,
    borderColor: colour(`--g${index}`),
    backgroundColor: colour(`--g${index}`),
    borderDash: DASHES[index]!,
    pointStyle: POINTS[index]!,
    ...point,
  });
  show(
    "chart-miner",
    () => ({
      type: "line",
      data: {
        labels: ascending.map(({ cycle }) => cycle),
        datasets: [
          line(
            "score",
            ascending.map(({ verdict, score }) => (verdict === "scored" ? score : null)),
            0,
          ),
          line(
            "loss reduction, nats per token",
            ascending.map(({ lossReduction }) => lossReduction),
            1,
          ),
        ],
      },
      options: options("cycle", "nats per token"),
    }),
    `Score and loss reduction over ${ascending.length} cycles; the table below has the values.`,
  );
};

const options = (x: string, y: string): NonNullable<ChartConfiguration["options"]> => {
  const text = colour("--text");
  const axis = (title: string) => ({
    // Of a thousand labels a dozen are shown: as many are measured, and none is tried at another angle.
    ticks: { color: text, maxTicksLimit: TICKS, autoSkip: true, sampleSize: TICKS, maxRotation: 0 },
    grid: { color: colour("--line") },
    title: { display: true, text: title, color: text },
  });
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    plugins: { legend: { labels: { color: text, usePointStyle: true } } },
    scales: { x: axis(x), y: axis(y) },
  };
};

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
