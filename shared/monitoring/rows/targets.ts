import type { InstrumentName, Target } from "../panel.js";

/** Metrics as they are, by their labels. */
export const plain = (...metrics: readonly InstrumentName[]): readonly Target[] =>
  metrics.map((metric) => ({ metric }));

/** By how much a counter rose. @param time as PromQL has it, such as "6h" */
export const increase = (metric: InstrumentName, time: string, legend: string): Target => ({
  metric,
  expr: `increase(${metric}$[${time}])`,
  legend,
});

/** The same without the lines that did not rise. */
export const increaseAboveZero = (metric: InstrumentName, time: string, legend: string): Target => {
  const target = increase(metric, time, legend);
  return { ...target, expr: `${target.expr} > 0` };
};

/** The same summed up for each value of some labels. @param labels with commas between them */
export const increaseBy = (metric: InstrumentName, labels: string, time: string, legend: string): Target => ({
  metric,
  expr: `sum by (${labels}) (increase(${metric}$[${time}]))`,
  legend,
});

/** The value of a label for which the metric is 1. */
export const inForce = (metric: InstrumentName, label: string): Target => ({
  metric,
  expr: `${metric}$ == 1`,
  legend: `{{${label}}}`,
});
