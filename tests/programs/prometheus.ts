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

/** The values of a query, by instance. */
export type Query = (expression: string) => Promise<ReadonlyMap<string, number>>;

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
  return async (expression) => {
    const query = new URLSearchParams({ query: expression });
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${query}`)
      .then(async (response) => answerSchema.parse(await response.json()))
      .catch(() => null);
    return new Map(answer?.data.result.map(({ metric, value }) => [metric.instance, Number(value[1])]));
  };
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
