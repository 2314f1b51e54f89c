import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { scenarioFrom } from "#owner/commands/rewards/simulation-options.js";
import { payRulesOf, readScenario, scenarioOf } from "#owner/rewards/read-scenario.js";
import { parseAxis, sweep } from "#owner/rewards/sweep.js";
import { BlockZeroError } from "#shared/errors.js";
import { DEFAULT_CURVE } from "#shared/protocol/default-curve.js";
import { networkSchema } from "#shared/protocol/network.js";

const coded = (code: string, message: RegExp) => (thrown: unknown) =>
  thrown instanceof BlockZeroError && thrown.code === code && message.test(thrown.message);
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

  it("refuses what is no sweep", () => {
    assert.throws(() => parseAxis("window"), coded("SWEEP_INVALID", /window/));
    const of = (text: string) => () => sweep(base, [parseAxis(text)], { cycles: 1, seed: 1 });
    assert.throws(of("curve=circle"), coded("SWEEP_INVALID", /circle/));
    assert.throws(of("windw=3"), coded("SCENARIO_INVALID", /windw/));
    assert.throws(of(`window=${new Array(600).fill(1).join(",")}`), coded("SWEEP_INVALID", /600/));
    assert.throws(of("__proto__.x=3"), coded("SWEEP_INVALID", /__proto__/));
  });
});
