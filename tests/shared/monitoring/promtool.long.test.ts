import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

const { error } = spawnSync("promtool", ["--version"]);

const promtool = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
};

describe("Prometheus' own tool", { skip: error ? "promtool is not installed" : false }, () => {
  it("accepts the alert rules", () => promtool("check", "rules", "configs/monitoring/alerts.yml"));

  it("accepts the example configuration", () => promtool("check", "config", "configs/monitoring/prometheus.yml"));

  it("sees the alerts fire when they should, and not when they should not", () =>
    promtool("test", "rules", "tests/shared/monitoring/alert-rules.yml"));
});
