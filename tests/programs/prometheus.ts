import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { freePorts } from "#localnet/ports.js";

/** Why the tests with Prometheus do not run here; false where they do. */
export const WITHOUT_PROMETHEUS: string | false =
  spawnSync("prometheus", ["--version"]).error || spawnSync("promtool", ["--version"]).error
    ? "prometheus and promtool are not installed"
    : false;

export interface Query {
  /** The values of an expression, by instance. */
  (expression: string): Promise<ReadonlyMap<string, number>>;
  /** What Prometheus says against an expression; null if nothing. */
  problem(expression: string): Promise<string | null>;
}

const answerSchema = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.object({ instance: z.string() }), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** A Prometheus that reads these addresses every second. */
export const startPrometheus = async (t: TestContext, targets: readonly string[]): Promise<Query> => {
  const home = mkdtempSync(join(tmpdir(), "blockzero-prometheus-"));
  const config = join(home, "prometheus.yml");
  const jobs = [{ job_name: "blockzero", static_configs: [{ targets: targets.map((url) => new URL(url).host) }] }];
  // YAML is JSON and more.
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: jobs }));
  const [port] = await freePorts(1);
  const child = spawn(
    "prometheus",
    [`--config.file=${config}`, `--storage.tsdb.path=${join(home, "data")}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(home, { recursive: true, force: true });
  });
  const ask = (expression: string) =>
    fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const values = async (expression: string): Promise<ReadonlyMap<string, number>> => {
    const answer = await ask(expression)
      .then(async (response) => answerSchema.parse(await response.json()))
      .catch(() => null);
    return new Map(answer?.data.result.map(({ metric, value }) => [metric.instance, Number(value[1])]));
  };
  return Object.assign(values, {
    problem: async (expression: string) => {
      const response = await ask(expression);
      return response.ok ? null : response.text();
    },
  });
};

/** Asks again until every instance has a value. */
export const eventually = async (
  t: Pick<TestContext, "signal">,
  query: Query,
  expression: string,
  instances: number,
): Promise<ReadonlyMap<string, number>> => {
  for (;;) {
    const values = await query(expression);
    if (values.size >= instances) return values;
    t.signal.throwIfAborted();
    await pause(100);
  }
};
