import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { simulate } from "#cli/commands/compute/simulate.js";
import { lines } from "#owner/compute/svg-lines.js";
import { singleCommand } from "#shared/cli/program.js";

describe("blockzero compute simulate", () => {
  it("prints what each kind earns, writes it as JSON, and a page that asks for nothing", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "blockzero-compute-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const [html, json] = ["compute.html", "compute.json"].map((name) => join(folder, name)) as [string, string];
    const printed: string[] = [];
    t.mock.method(console, "log", (line: string) => printed.push(line));
    const given = ["--epochs", "1", "--watts", "700", "--load", "300", "--html", html, "--json", json];
    await singleCommand(simulate).parseAsync(given, { from: "user" });
    const { results, scenario } = JSON.parse(readFileSync(json, "utf8"));
    assert.equal(results.length, 8);
    assert.deepEqual([scenario.watts, scenario.kinds[2].boot + scenario.kinds[2].load], [700, 300]);
    for (const { name } of results)
      assert.ok(
        printed.some((line) => line.includes(name)),
        name,
      );
    const page = readFileSync(html, "utf8");
    assert.doesNotMatch(page, /<script|(src|href)=|url\(|NaN|undefined/);
    assert.equal(page.match(/<section /g)!.length, 3 + results.length);
    assert.equal(page.match(/<svg [^>]*role="img" aria-label="[^"]+"/g)!.length, 1 + results.length);
  });
});

describe("a chart of lines", () => {
  it("cuts off what is above its axis, and names hostile text as text", () => {
    const chart = lines({
      label: `"><b>`,
      x: { values: [0, 1, 2], text: String },
      y: { most: 4, text: String },
      series: [{ name: "<i>", values: [1, 2, Infinity] }],
    });
    assert.doesNotMatch(chart, /<b>|Infinity|<i>/);
    assert.match(chart, /d="M52\.0 \d+\.\dL341\.0 \d+\.\d"/);
  });
});
