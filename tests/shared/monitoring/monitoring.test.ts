import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALERTS } from "#shared/monitoring/alerts.js";
import { DASHBOARD_ROLES, dashboardOf, panelsOf } from "#shared/monitoring/dashboard.js";
import { expressionOf } from "#shared/monitoring/expression.js";
import { ROWS } from "#shared/monitoring/rows.js";
import type { InstrumentDefinition } from "#shared/telemetry/instruments/definition.js";
import { INSTRUMENTS } from "#shared/telemetry/instruments/definitions.js";

const definitions: [string, InstrumentDefinition][] = Object.entries(INSTRUMENTS);
const panels = ROWS.flatMap(({ panels }) => panels);

/** Names of ours in a PromQL expression, without the endings of a histogram's series. */
const namesIn = (expr: string): readonly string[] =>
  [...expr.matchAll(/blockzero_[a-z_]+/g)].map(([name]) =>
    name in INSTRUMENTS ? name : name.replace(/_(bucket|sum|count)$/, ""),
  );

describe("the dashboards", () => {
  it("show every metric, or say why not", () => {
    for (const [name, { unplotted }] of definitions)
      assert.equal(panelsOf(name).length > 0, unplotted === undefined, name);
  });

  it("show every metric of a role on the role's own dashboard", () => {
    for (const role of DASHBOARD_ROLES) {
      const text = JSON.stringify(dashboardOf(role));
      for (const [name, { roles, unplotted }] of definitions)
        if (unplotted === undefined && roles.includes(role)) assert.ok(text.includes(name), `${role} ${name}`);
    }
  });

  it("have no panel without a metric, none that a role lacks, and each with its instances", () => {
    for (const { title, targets, roles } of panels) {
      assert.ok(targets.length > 0, title);
      for (const target of targets) {
        const expr = expressionOf(target);
        assert.deepEqual(new Set(namesIn(expr)), new Set([target.metric]), title);
        assert.match(expr, /\{instance=~"\$instance"\}/, title);
        assert.doesNotMatch(expr.replaceAll('"$instance"', ""), /\$/, title);
        const { roles: has }: InstrumentDefinition = INSTRUMENTS[target.metric];
        for (const role of roles) assert.ok(has.includes(role), `${title}: ${role} ${target.metric}`);
      }
    }
  });

  it("have panels that do not overlap", () => {
    for (const role of DASHBOARD_ROLES) {
      const document: { panels: { gridPos: { x: number; y: number; w: number; h: number } }[] } = JSON.parse(
        JSON.stringify(dashboardOf(role)),
      );
      const cells = new Set<string>();
      for (const { gridPos } of document.panels)
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            assert.ok(x < 24 && !cells.has(`${x} ${y}`), `${role} ${x} ${y}`);
            cells.add(`${x} ${y}`);
          }
    }
  });
});

describe("what Grafana imports", () => {
  it("has unique ids, one query a letter, and a datasource that is chosen on import", () => {
    for (const role of DASHBOARD_ROLES) {
      const document: {
        panels: { id: number; title: string; targets?: { refId: string; datasource: object }[] }[];
        templating: { list: { name: string; type: string }[] };
      } = JSON.parse(JSON.stringify(dashboardOf(role)));
      const ids = document.panels.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      for (const { title, targets = [] } of document.panels) {
        const letters = targets.map(({ refId }) => refId).join("");
        assert.equal(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ".slice(0, targets.length), title);
        for (const { datasource } of targets)
          assert.deepEqual(datasource, { type: "prometheus", uid: "$datasource" }, title);
      }
      assert.deepEqual(
        document.templating.list.map(({ name, type }) => [name, type]),
        [
          ["datasource", "datasource"],
          ["instance", "query"],
        ],
      );
    }
  });
});

describe("the alerts", () => {
  it("are of metrics that exist, one name each, each with what to do", () => {
    assert.equal(new Set(ALERTS.map(({ name }) => name)).size, ALERTS.length);
    for (const { name, expr, summary, action } of ALERTS) {
      for (const metric of namesIn(expr)) assert.ok(metric in INSTRUMENTS, `${name}: ${metric}`);
      assert.match(summary, /\$labels\.instance/, name);
      assert.match(action, /\.$/, name);
    }
  });
});
