import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { TYPICAL_ECONOMY } from "#owner/rewards/economy.js";
import { measure } from "#owner/rewards/measures.js";
import { TYPICAL_POPULATION } from "#owner/rewards/population.js";
import { rewardsPage } from "#owner/rewards/report.js";
import { simulate } from "#owner/rewards/simulate.js";

const CHROMIUM = "/usr/bin/chromium";
const scenario = {
  economy: TYPICAL_ECONOMY,
  // A name that would end the script it stands in.
  kinds: TYPICAL_POPULATION.map((kind, i) => (i === 0 ? { ...kind, name: "</script><b>large" } : kind)),
};
const input = { scenario, cycles: 30, seed: 11 };

describe("the rewards page", { timeout: 60_000 }, () => {
  it("holds everything it needs", () => {
    const page = rewardsPage(input);
    assert.doesNotMatch(page, /(src|href)=/);
    assert.doesNotMatch(page, /<\/script><b>large/);
    const { imports } = JSON.parse(page.match(/<script type="importmap">(.*?)<\/script>/s)![1]!);
    for (const url of Object.values<string>(imports)) {
      const code = Buffer.from(url.split(",")[1]!, "base64").toString();
      for (const [, name] of code.matchAll(/\bfrom "([^"]+)"/g)) assert.ok(Object.hasOwn(imports, name!), name);
    }
  });

  const { error } = spawnSync(CHROMIUM, ["--version"]);
  it("shows in a browser what the command computes", { skip: error ? "chromium is not installed" : false }, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "blockzero-page-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const file = join(folder, "rewards.html");
    writeFileSync(file, rewardsPage(input));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(folder, "profile")}`];
    const { stdout } = spawnSync(CHROMIUM, [...flags, "--virtual-time-budget=20000", "--dump-dom", `file://${file}`], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    const measures = measure(simulate({ ...scenario, cycles: 30, seed: 11 }), {
      emission: TYPICAL_ECONOMY.emission,
      cycles: 30,
    });
    const tile = (id: string) => stdout.match(new RegExp(`id="tile-${id}"[^>]*>([^<]*)<`))?.[1];
    assert.equal(tile("mid-tier"), measures.midTierProfit.toFixed(4));
    assert.equal(tile("gini"), measures.gini.toFixed(2));
    assert.equal(tile("price"), "0");
    assert.equal(tile("budget"), measures.costOfLossReduction.toFixed(1));
    assert.match(stdout, /<input[^>]*type="range"/);
  });
});
