import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { CHROMIUM } from "#bench/dashboard/browser.js";
import { simulate } from "#cli/commands/rewards/simulate.js";
import { type Picture, pictureOf } from "#owner/rewards/chart-data.js";
import { USUAL_CURVES } from "#owner/rewards/curve-presets.js";
import { TYPICAL_ECONOMY } from "#owner/rewards/economy.js";
import { controls } from "#owner/rewards/page/controls.js";
import type { PageInput } from "#owner/rewards/page/input.js";
import { TYPICAL_POPULATION } from "#owner/rewards/population.js";
import { rewardsPage } from "#owner/rewards/report.js";
import type { Scenario } from "#owner/rewards/scenario.js";
import { singleCommand } from "#shared/cli/program.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

const scenario: Scenario = {
  economy: TYPICAL_ECONOMY,
  // A name that would end the script it stands in.
  kinds: TYPICAL_POPULATION.map((kind, i) => (i === 0 ? { ...kind, name: "</script><b>large" } : kind)),
};
const input: PageInput = { scenario, seed: 11, run: pictureOf(scenario, { cycles: 60, seed: 11 }), cycles: 30 };
const temporary = (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-page-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
};
const inputOf = (page: string): PageInput =>
  JSON.parse(page.match(/<script type="application\/json" id="input">(.*?)<\/script>/s)![1]!);

describe("the rewards page", { timeout: HANG_GUARD }, () => {
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

  it("starts from the very run that the command printed, and says how many cycles it simulates itself", async (t) => {
    const [html, json] = ["rewards.html", "rewards.json"].map((name) => join(temporary(t), name));
    const printed: string[] = [];
    t.mock.method(console, "log", (line: string) => printed.push(line));
    const run = (...args: string[]) => singleCommand(simulate).parseAsync(args, { from: "user" });
    await run("--cycles", "250", "--seed", "3", "--html", html!, "--json", json!);
    const { run: shown, cycles, seed } = inputOf(readFileSync(html!, "utf8"));
    const { measures } = JSON.parse(readFileSync(json!, "utf8"));
    assert.deepEqual([shown.measures, shown.cycles, cycles, seed], [measures, 250, 200, 3]);
    assert.deepEqual(
      shown,
      JSON.parse(JSON.stringify(pictureOf(inputOf(readFileSync(html!, "utf8")).scenario, { cycles: 250, seed: 3 }))),
    );
    assert.ok(
      printed.some((line) =>
        line.includes(`emission per nat of loss        ${measures.costOfLossReduction.toPrecision(4)}`),
      ),
    );
    assert.equal(printed.at(-1), `\n${html} shows this run; when a control moves it simulates 200 cycles.`);
  });

  const { error } = spawnSync(CHROMIUM, ["--version"]);
  it("shows in a browser the command's run, and another once a control moves", {
    skip: error ? "chromium is not installed" : false,
  }, (t) => {
    const show = (page: string) => {
      const folder = temporary(t);
      const file = join(folder, "rewards.html");
      writeFileSync(file, page);
      const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(folder, "profile")}`];
      return spawnSync(CHROMIUM, [...flags, "--virtual-time-budget=20000", "--dump-dom", `file://${file}`], {
        encoding: "utf8",
        maxBuffer: 1 << 26,
      }).stdout;
    };
    const shows = (page: string, { measures, price }: Picture, source: RegExp) => {
      const tile = (id: string) => page.match(new RegExp(`id="tile-${id}"([^>]*)>([^<]*)<`))!.slice(1);
      const worst = Math.max(...measures.attacks.map(({ gain }) => gain));
      assert.equal(price, 0);
      assert.deepEqual(["mid-tier", "attack", "price", "gini", "budget"].map(tile), [
        [` data-good="true"`, measures.midTierProfit.toFixed(4)],
        [` data-good="true"`, worst.toFixed(4)],
        [` data-good="true"`, "0"],
        ["", measures.gini.toFixed(2)],
        ["", measures.costOfLossReduction!.toFixed(1)],
      ]);
      assert.match(page.match(/<b id="shown">([^<]*)</)![1]!, source);
    };
    const page = rewardsPage(input);
    const first = show(page);
    shows(first, input.run, /^the command's own run of 60 cycles$/);
    assert.match(first, /<input[^>]*type="range"/);
    // The emission, moved to where it was.
    const move = `document.querySelectorAll("#controls label").forEach((label) => {
      if (label.textContent.startsWith("emission")) label.querySelector("input").dispatchEvent(new Event("input"));
    });`;
    const moved = show(page.replace("</body>", `<script type="module">${move}</script></body>`));
    const again = pictureOf(scenario, { cycles: 30, seed: 11 });
    assert.notEqual(again.measures.midTierProfit.toFixed(4), input.run.measures.midTierProfit.toFixed(4));
    shows(moved, again, /^30 cycles simulated here in \d+ ms, where the command's own run had 60$/);
  });
});

describe("the page's controls", () => {
  const curves = [
    ...Object.values(USUAL_CURVES),
    { curve: "top-n", n: 200, decay: { exponent: 1.5 }, floor: 0.7 },
    { curve: "rank-points", points: [5] },
    { curve: "rank-points", points: Array.from({ length: 100 }, (_, i) => 100 - i) },
  ] as const;
  const of = (curve: Scenario["economy"]["curve"]) => {
    const set = { ...scenario, economy: { ...TYPICAL_ECONOMY, curve } };
    return { set, found: controls(set) };
  };

  const others = 1 + Object.values(TYPICAL_ECONOMY).filter(Number.isFinite).length - 2 + TYPICAL_POPULATION.length;
  it("stand where the scenario is, and leave it as it is when they are put there", () => {
    for (const curve of curves) {
      const { set, found } = of(curve);
      assert.ok(found.length > others, `${curve.curve} has controls of its own`);
      for (const control of found) {
        if (control.kind === "slider")
          assert.ok(control.min <= control.value && control.value <= control.max, control.label);
        if (control.label !== "curve") assert.deepEqual(control.change(set, String(control.value)), set, control.label);
      }
    }
  });

  it("are named in words, and reach every step that matters", () => {
    const { found } = of(USUAL_CURVES.proportional);
    for (const { label } of found) assert.doesNotMatch(label, /[a-z][A-Z]/);
    const recall = found.find(({ label }) => label === "share of copies recognised")!;
    assert.ok(recall.kind === "slider" && recall.value === 0.999 && recall.step === 0.001);
  });

  it("draw out points over more or fewer places, steeper or flatter, never rising", () => {
    const { set } = of({ curve: "rank-points", points: [9, 5, 1] });
    const pointsAfter = (moves: Readonly<Record<string, number>>) => {
      const found = controls(set);
      const moved = Object.entries(moves).reduce(
        (now, [label, value]) => found.find((one) => one.label === label)!.change(now, String(value)),
        set,
      );
      return moved.economy.curve.curve === "rank-points" ? moved.economy.curve.points : [];
    };
    assert.deepEqual(pointsAfter({ "paid places": 5 }), [9, 7, 5, 3, 1]);
    assert.deepEqual(pointsAfter({ "paid places": 2 }), [9, 1]);
    assert.deepEqual(pointsAfter({ "paid places": 1 }), [9]);
    assert.deepEqual(pointsAfter({ "steepness of the points": 2 }), [81, 25, 1]);
    assert.deepEqual(pointsAfter({ "steepness of the points": 2, "paid places": 2 }), [81, 1]);
    assert.deepEqual(pointsAfter({ "steepness of the points": 0 }), [1, 1, 1]);
  });
});
