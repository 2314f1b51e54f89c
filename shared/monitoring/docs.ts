import type { InstrumentDefinition } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import { markdownTable } from "#shared/util/markdown-table.js";
import { ALERTS } from "./alerts.js";
import { panelsOf } from "./dashboard.js";

const definitions: readonly (readonly [string, InstrumentDefinition])[] = Object.entries(INSTRUMENTS);

/** A Markdown table of every metric. */
export const metricsReference = (): string =>
  markdownTable(
    ["Metric", "Type", "Unit", "Labels", "Programs", "What it says", "Panel"],
    definitions.map(([name, { type, unit, help, roles, labels = {}, unplotted }]) => [
      `\`${name}\``,
      type,
      unit,
      Object.keys(labels)
        .map((label) => `\`${label}\``)
        .join(", "),
      roles.join(", "),
      help,
      unplotted === undefined ? panelsOf(name).join("; ") : `none: ${unplotted}`,
    ]),
  );

/** A Markdown table of every alert. */
export const alertsReference = (): string =>
  markdownTable(
    ["Alert", "Severity", "When", "What to do"],
    ALERTS.map(({ name, severity, expr, for: duration, action }) => [
      `\`${name}\``,
      severity,
      duration === "0m" ? `\`${expr}\`` : `\`${expr}\` for ${duration}`,
      action,
    ]),
  );
