import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { scenarioFrom } from "#cli/commands/rewards/simulation-options.js";
import { USUAL_CURVES } from "#owner/rewards/curve-presets.js";
import { payRulesOf, readScenario, scenarioOf } from "#owner/rewards/read-scenario.js";
import { parseAxis, sweep } from "#owner/rewards/sweep.js";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { networkSchema } from "#shared/protocol/network.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { coded } from "#tests/support/coded.js";

const temporary = (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-rewards-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

describe("a scenario", () => {
  it("is the typical one with what the file changes", (t) => {
    const file = join(temporary(t), "subnet.yaml");
    writeFileSync(file, "economy:\n  window: 3\n  curve: { curve: proportional }\n");
    const { economy, kinds } = readScenario(file);
    assert.deepEqual([economy.window, economy.curve], [3, DEFAULT_CURVE]);
    assert.deepEqual(kinds, scenarioOf({}, "").kinds);
  });

  it("names the field that is wrong", () => {
    const bad = (given: unknown, message: RegExp) =>
      assert.throws(() => scenarioOf(given, "f"), coded("SCENARIO_INVALID", message));
    bad({ economy: { burn: 2 } }, /f: economy\.burn/);
    bad({ economy: { windw: 2 } }, /windw/);
    bad({ economy: { curve: { curve: "rank-points", points: [1, 2] } } }, /points do not rise/);
    const [kind] = scenarioOf({}, "").kinds;
    bad({ kinds: [{ ...kind, count: 4096, identities: 2 }] }, /more than 4096 identities/);
    bad({ kinds: [{ ...kind, behaviour: "angel" }] }, /kinds\.0\.behaviour/);
    bad([], /f: it/);
  });

  it("is held to its bounds after it was scaled, and keeps one miner of each kind", () => {
    const options = { cycles: 1, seed: 1 };
    const counts = scenarioFrom({ ...options, miners: 3 }).kinds.map(({ count }) => count);
    assert.deepEqual(counts, [1, 2, 1, 1, 1, 1, 1, 1]);
    assert.throws(
      () => scenarioFrom({ ...options, miners: 4096 }),
      coded("SCENARIO_INVALID", /--miners 4096: kinds: there are more than 4096 identities/),
    );
  });

  it("changes of a network's pay the curve, and what else its file names", () => {
    assert.deepEqual(payRulesOf({}, "f"), { rewards: DEFAULT_CURVE });
    const curve = { curve: "top-n", n: 3, decay: { ratio: 2 }, floor: 0 };
    assert.deepEqual(payRulesOf({ economy: { curve, burn: 0.5, window: 3 } }, "f"), {
      rewards: curve,
      burn: 0.5,
      window: 3,
    });
    assert.throws(() => payRulesOf({ economy: { window: 0 } }, "f"), coded("SCENARIO_INVALID", /economy\.window/));
  });

  it("scores with the confidence that networks have", () => {
    assert.equal(scenarioOf({}, "").economy.confidence, networkSchema.shape.scoring.shape.confidence.parse(undefined));
  });
});

describe("a sweep", () => {
  const base = { ...scenarioOf({}, ""), kinds: scenarioOf({}, "").kinds.slice(0, 2) };

  it("tries every combination", () => {
    const axes = [parseAxis("curve=top-n,proportional"), parseAxis("window=2,4")];
    const points = sweep(base, axes, { cycles: 5, seed: 1 });
    assert.deepEqual(
      points.map(({ scenario: { economy } }) => [economy.curve.curve, economy.window]),
      [
        ["top-n", 2],
        ["top-n", 4],
        ["proportional", 2],
        ["proportional", 4],
      ],
    );
    const [deep] = sweep(base, [parseAxis("curve=top-n"), parseAxis("curve.decay.ratio=3")], { cycles: 1, seed: 1 });
    assert.deepEqual(deep!.scenario.economy.curve, { curve: "top-n", n: 16, decay: { ratio: 3 }, floor: 0 });
  });

  it("comes to the same whatever the order of its axes", () => {
    const [curve, n, window] = ["curve=top-n", "curve.n=4,8", "window=2"].map(parseAxis);
    for (const axes of [
      [curve!, n!, window!],
      [n!, window!, curve!],
      [window!, n!, curve!],
    ]) {
      const points = sweep(base, axes, { cycles: 40, seed: 1 });
      assert.deepEqual(
        points.map(({ scenario: { economy } }) => [economy.curve, economy.window]),
        [4, 8].map((n) => [{ ...USUAL_CURVES["top-n"], n }, 2]),
      );
      assert.notDeepEqual(points[0]!.measures, points[1]!.measures);
    }
  });

  it("reaches every parameter of every curve", () => {
    const curvesOf = (...axes: string[]) =>
      sweep(base, axes.map(parseAxis), { cycles: 1, seed: 1 }).map(({ scenario }) => scenario.economy.curve);
    const top = USUAL_CURVES["top-n"];
    assert.deepEqual(curvesOf("curve=top-n", "curve.decay.exponent=1,2"), [
      { ...top, decay: { exponent: 1 } },
      { ...top, decay: { exponent: 2 } },
    ]);
    assert.deepEqual(curvesOf("curve=top-n", "curve.decay.ratio=3", "curve.floor=0.1", "curve.n=2"), [
      { curve: "top-n", n: 2, decay: { ratio: 3 }, floor: 0.1 },
    ]);
    assert.deepEqual(curvesOf("curve.points=10/5/1,7", "curve=rank-points"), [
      { curve: "rank-points", points: [10, 5, 1] },
      { curve: "rank-points", points: [7] },
    ]);
    assert.deepEqual(curvesOf("curve=two-groups", "curve.leaders=3", "curve.share=0.9"), [
      { curve: "two-groups", leaders: 3, share: 0.9 },
    ]);
    assert.deepEqual(curvesOf("curve.exponent=3"), [{ curve: "proportional", exponent: 3 }]);
  });

  it("takes the scenario's own curve as the scenario has it", () => {
    const curve = { curve: "top-n", n: 5, decay: { exponent: 2 }, floor: 0.2 } as const;
    const own = { ...base, economy: { ...base.economy, curve } };
    const curves = sweep(own, [parseAxis("curve=top-n,proportional")], { cycles: 1, seed: 1 }).map(
      ({ scenario }) => scenario.economy.curve,
    );
    assert.deepEqual(curves, [curve, DEFAULT_CURVE]);
  });

  it("refuses what is no sweep, and says what there is", () => {
    const refused = (axes: readonly string[], code: ErrorCode, message: RegExp, hint = /./) =>
      assert.throws(
        () => sweep(base, axes.map(parseAxis), { cycles: 1, seed: 1 }),
        (thrown) => coded(code, message)(thrown) && thrown instanceof BlockZeroError && hint.test(thrown.hint),
        axes.join(" "),
      );
    for (const text of ["window", "window=", "window=1=2", "=3"])
      assert.throws(() => parseAxis(text), coded("SWEEP_INVALID", /is not <parameter>/));
    refused(["curve=circle"], "SWEEP_INVALID", /"circle"/, /^there are proportional, top-n, rank-points, two-groups$/);
    refused(
      ["windw=3"],
      "SWEEP_INVALID",
      /"windw"/,
      / window, .+ curve, curve\.exponent, curve\.n, curve\.decay\.ratio,/,
    );
    refused(["curve.n=3"], "SWEEP_INVALID", /^curve proportional has no "n"$/, /^there is curve\.exponent$/);
    const decays = /^there are curve\.n, curve\.decay\.ratio, curve\.decay\.exponent, curve\.floor$/;
    refused(["curve=top-n", "curve.decay.base=3"], "SWEEP_INVALID", /"decay\.base"/, decays);
    refused(["curve.curve=top-n"], "SWEEP_INVALID", /"curve"/);
    refused(["__proto__.x=3"], "SWEEP_INVALID", /__proto__/);
    refused(["constructor=3"], "SWEEP_INVALID", /constructor/);
    refused([`window=${new Array(600).fill(1).join(",")}`], "SWEEP_INVALID", /600/);
    refused(["window=2", "window=4"], "SWEEP_INVALID", /window is given twice/);
    const both = ["curve=top-n", "curve.decay.ratio=2", "curve.decay.exponent=2"];
    refused(both, "SWEEP_INVALID", /two ways to say one decay/);
    refused(["window=much"], "SCENARIO_INVALID", /economy\.window/);
    refused(["curve=rank-points", "curve.points=1/2"], "SCENARIO_INVALID", /points do not rise/);
    refused(["curve=rank-points", "curve.points=2/x"], "SCENARIO_INVALID", /economy\.curve\.points/);
  });
});
