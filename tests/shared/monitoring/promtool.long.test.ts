import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { expressionOf } from "#shared/monitoring/expression.js";
import { ROWS } from "#shared/monitoring/rows.js";
import { ROLES, type Role } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";
import type { NameOf } from "#shared/telemetry/instruments/instruments.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";

import { temporaryFolder } from "../artifact/temporary.js";

const { error } = spawnSync("promtool", ["--version"]);

const promtool = (args: readonly string[], input?: string) => {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8", input });
  assert.equal(status, 0, stdout + stderr);
};

/** All instruments of a role, each with a value. */
const everyMetric = (role: Role): Promise<string> => {
  const instruments = prometheusInstruments(role);
  for (const [name, { type }] of Object.entries(INSTRUMENTS)) {
    if (type === "gauge") instruments.replace(name as NameOf<"gauge">, [[{} as never, 1]]);
    if (type === "counter") instruments.add(name as NameOf<"counter">, 1);
    if (type === "histogram") instruments.observe(name as NameOf<"histogram">, 1, {} as never);
  }
  return instruments.text();
};

describe("Prometheus' own tool", { skip: error ? "promtool is not installed" : false }, () => {
  for (const role of ROLES)
    it(`accepts every metric of a ${role}`, async () => promtool(["check", "metrics"], await everyMetric(role)));

  it("parses every expression of every panel", (t) => {
    const expressions = ROWS.flatMap(({ panels }) => panels).flatMap(({ targets }) => targets.map(expressionOf));
    const rules = expressions.map((expr, i) => ({ record: `panel:${i}`, expr: expr.replaceAll("$instance", ".+") }));
    const file = join(temporaryFolder(t), "panels.yml");
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    promtool(["check", "rules", file]);
  });

  it("accepts the alert rules", () => promtool(["check", "rules", "configs/monitoring/alerts.yml"]));

  it("accepts the example configuration", () => promtool(["check", "config", "configs/monitoring/prometheus.yml"]));

  it("sees the alerts fire when they should, and not when they should not", () =>
    promtool(["test", "rules", "tests/shared/monitoring/alert-rules.yml"]));
});
