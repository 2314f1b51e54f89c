import type { Role } from "#shared/telemetry/instruments/definition.js";
import { expressionOf, legendOf } from "./expression.js";
import type { Panel } from "./panel.js";
import { ROWS } from "./rows.js";

/** Grafana's grid has 24 columns. */
const COLUMNS = 24;
const LINE = { w: 8, h: 8 };
const STAT = { w: 4, h: 4 };
const DATASOURCE = { type: "prometheus", uid: "$datasource" };

const TITLES = { miner: "BlockZero miner", validator: "BlockZero validator", owner: "BlockZero owner" } as const;
export type DashboardRole = keyof typeof TITLES;
export const DASHBOARD_ROLES = Object.keys(TITLES) as readonly DashboardRole[];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** The dashboard of a role, as Grafana imports it. */
export const dashboardOf = (role: DashboardRole): object => {
  const panels: object[] = [];
  let id = 0;
  let top = 0;
  for (const { title, panels: all } of ROWS) {
    const own = all.filter(({ roles }) => roles.includes(role satisfies Role));
    if (own.length === 0) continue;
    panels.push({
      id: ++id,
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: top, w: COLUMNS, h: 1 },
    });
    top++;
    let at = { x: 0, y: top };
    let height = 0;
    for (const panel of own) {
      const size = panel.kind === "stat" ? STAT : LINE;
      if (at.x + size.w > COLUMNS || (height !== 0 && height !== size.h)) {
        at = { x: 0, y: at.y + height };
        height = 0;
      }
      panels.push(panelOf(panel, ++id, { ...at, ...size }));
      height = size.h;
      at = { ...at, x: at.x + size.w };
    }
    top = at.y + height;
  }
  return {
    uid: `blockzero-${role}`,
    title: TITLES[role],
    tags: ["blockzero"],
    timezone: "browser",
    editable: true,
    schemaVersion: 39,
    version: 1,
    refresh: "30s",
    time: { from: "now-24h", to: "now" },
    templating: { list: [datasource, instancesOf(role)] },
    panels,
  };
};

const datasource = { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" };

const instancesOf = (role: DashboardRole) => ({
  name: "instance",
  label: "Program",
  type: "query",
  datasource: DATASOURCE,
  query: `label_values(blockzero_build_info{role="${role}"}, instance)`,
  refresh: 2,
  includeAll: true,
  multi: true,
  current: { text: "All", value: "$__all" },
});

const panelOf = ({ title, unit, kind = "line", targets }: Panel, id: number, gridPos: Place): object => ({
  id,
  title,
  type: kind === "stat" ? "stat" : "timeseries",
  datasource: DATASOURCE,
  gridPos,
  fieldConfig: { defaults: { unit }, overrides: [] },
  ...(kind === "stat" && {
    options: {
      reduceOptions: { calcs: ["lastNotNull"] },
      textMode: targets.some(({ legend }) => legend !== undefined) ? "name" : "value",
      colorMode: "none",
    },
  }),
  targets: targets.map((target, i) => ({
    refId: String.fromCharCode("A".charCodeAt(0) + i),
    datasource: DATASOURCE,
    expr: expressionOf(target),
    legendFormat: legendOf(target),
  })),
});

/** The panel's row and title, of each panel that shows a metric. */
export const panelsOf = (metric: string): readonly string[] => [
  ...new Set(
    ROWS.flatMap(({ title: row, panels }) =>
      panels
        .filter(({ targets }) => targets.some((target) => target.metric === metric))
        .map(({ title }) => `${row} / ${title}`),
    ),
  ),
];
