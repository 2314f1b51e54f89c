import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { parse } from "yaml";

it("the example for Prometheus scrapes the programs that its first line names, and no others", () => {
  const text = readFileSync("configs/monitoring/prometheus.yml", "utf8");
  const { scrape_configs: jobs }: { scrape_configs: { job_name: string }[] } = parse(text);
  const programs = ["miner", "validator", "owner"].filter((name) => text.split("\n")[0]!.includes(` ${name}`));
  assert.deepEqual(
    jobs.map(({ job_name }) => job_name),
    programs.map((name) => `blockzero-${name}`),
  );
});
