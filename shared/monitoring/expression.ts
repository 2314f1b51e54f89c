import type { InstrumentDefinition } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import type { InstrumentName, Target } from "./panel.js";

/** What Grafana puts in the place of `$` in a panel's expression. */
const SELECTOR = '{instance=~"$instance"}';

export const definitionOf = (metric: InstrumentName): InstrumentDefinition => INSTRUMENTS[metric];

/**
 * The PromQL of a target. Unless it has its own: a gauge as it is, bytes a second of a counter of bytes, of another counter its increase in an
 * hour, and of a histogram the value that 95 of 100 do not exceed.
 */
export const expressionOf = ({ metric, expr }: Target): string =>
  (expr ?? standard(metric)).replaceAll("$[", `${SELECTOR}[`).replaceAll(/\$(?=[ )]|$)/g, SELECTOR);

const standard = (metric: InstrumentName): string => {
  const { type, labels = {} } = definitionOf(metric);
  if (type === "gauge") return `${metric}$`;
  if (type === "counter") return metric.endsWith("_bytes_total") ? `rate(${metric}$[5m])` : `increase(${metric}$[1h])`;
  const by = ["le", ...Object.keys(labels)].join(", ");
  return `histogram_quantile(0.95, sum by (${by}) (rate(${metric}_bucket$[1h])))`;
};

/** What a target's line is called. */
export const legendOf = ({ metric, legend }: Target): string => {
  if (legend !== undefined) return legend;
  const labels = Object.keys(definitionOf(metric).labels ?? {});
  return labels.length > 0 ? labels.map((label) => `{{${label}}}`).join(" ") : metric.replace(/^blockzero_/, "");
};
