import type { Role } from "#shared/telemetry/instruments/definition.js";
import type { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";

export type InstrumentName = keyof typeof INSTRUMENTS;

/** One line of a panel. */
export interface Target {
  readonly metric: InstrumentName;
  /** PromQL; `$` stands for the selector of a dashboard's instances. Default: see `expressionOf`. */
  readonly expr?: string;
  /** What the line is called, in Grafana's `{{label}}`. Default: the labels, else the metric's name. */
  readonly legend?: string;
}

export interface Panel {
  readonly title: string;
  /** The dashboards that have it. */
  readonly roles: readonly Role[];
  /** Grafana's name of the unit. */
  readonly unit: string;
  /** `stat`: the last value in large. Default: a line over time. */
  readonly kind?: "line" | "stat";
  readonly targets: readonly Target[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
