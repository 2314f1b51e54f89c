import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { redactText } from "../redact.js";
import type { InstrumentDefinition, Role } from "./definition.js";
import { INSTRUMENTS } from "./definitions.js";
import type { Instruments } from "./instruments.js";
import { type LabelValues, OTHER } from "./labels.js";

/** Instruments that Prometheus can read. */
export interface PrometheusInstruments extends Instruments {
  /** The figures in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Series of prom-client's own that `promtool check metrics` objects to: their names end like those of counters. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];
/** Series of a counter that begin at 0, so that its first increase is seen as one. */
const MAX_ZEROS = 128;
const MAX_LABEL = 200;

type Labels = Readonly<Record<string, string | number>>;

const definitions = new Map<string, InstrumentDefinition>(Object.entries(INSTRUMENTS));

/**
 * The instruments of a role, on a registry of their own, with those of the Node process. A label's value that its definition does not allow
 * counts as `other`, and what could be a secret in it is redacted. A gauge is shown from its first value on; a counter begins at 0.
 */
export const prometheusInstruments = (role: Role): PrometheusInstruments => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const gauges = new Map<string, Gauge>();
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const callbacks = new Set<() => void>();
  /** Values seen of the labels with open values, by instrument and label. */
  const seen = new Map<string, Set<string>>();

  const isOurs = (name: string) => definitions.get(name)?.roles.includes(role) === true;

  const allowed = (key: string, values: LabelValues, value: string | number): string => {
    if (!("atMost" in values)) return values.includes(String(value)) ? String(value) : OTHER;
    const text = redactText(String(value)).slice(0, MAX_LABEL);
    const known = seen.get(key) ?? new Set();
    seen.set(key, known);
    if (!known.has(text) && known.size >= values.atMost) return OTHER;
    known.add(text);
    return text;
  };

  const checked = (name: string, given: Labels = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(definitions.get(name)?.labels ?? {}).map(([label, values]) => [
        label,
        allowed(`${name} ${label}`, values, given[label] ?? OTHER),
      ]),
    );

  const described = (name: string) => {
    const { help, labels = {} } = definitions.get(name)!;
    return { name, help, labelNames: Object.keys(labels), registers: [registry] };
  };

  const once = <T>(made: Map<string, T>, name: string, make: () => T): T => {
    const known = made.get(name) ?? make();
    made.set(name, known);
    return known;
  };
  const gauge = (name: string) => once(gauges, name, () => new Gauge(described(name)));
  const counter = (name: string) => once(counters, name, () => new Counter(described(name)));
  const histogram = (name: string) =>
    once(histograms, name, () => {
      const { buckets = [] } = definitions.get(name)!;
      return new Histogram({ ...described(name), buckets: [...buckets] });
    });

  for (const [name, { type, labels = {} }] of definitions) {
    if (type !== "counter" || !isOurs(name)) continue;
    const zeros = combinations(labels);
    for (const one of zeros) counter(name).inc(one, 0);
  }

  return {
    set: (name, value, ...[labels]) => {
      if (isOurs(name)) gauge(name).set(checked(name, labels), value);
    },
    replace: (name, series) => {
      if (!isOurs(name)) return;
      const labels = Object.keys(definitions.get(name)?.labels ?? {});
      gauge(name).reset();
      // The one series of a gauge without labels would be at 0.
      if (labels.length === 0) gauge(name).remove();
      for (const label of labels) seen.delete(`${name} ${label}`);
      for (const [labels, value] of series) gauge(name).set(checked(name, labels), value);
    },
    add: (name, by, ...[labels]) => {
      if (isOurs(name) && by > 0 && Number.isFinite(by)) counter(name).inc(checked(name, labels), by);
    },
    observe: (name, value, ...[labels]) => {
      if (isOurs(name) && Number.isFinite(value)) histogram(name).observe(checked(name, labels), value);
    },
    beforeReading(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    contentType: registry.contentType,
    text() {
      for (const callback of [...callbacks]) callback();
      return registry.metrics();
    },
  };
};

/** All combinations of the values of labels, if these are known and few. */
const combinations = (labels: Readonly<Record<string, LabelValues>>): readonly Record<string, string>[] => {
  let all: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if ("atMost" in values) return [];
    all = all.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
    if (all.length > MAX_ZEROS) return [];
  }
  return all;
};
