import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readHistory } from "#owner/rewards/history.js";
import { readScenario, scenarioOf } from "#owner/rewards/read-scenario.js";
import { parseAxis, sweep } from "#owner/rewards/sweep.js";
import { BlockZeroError } from "#shared/errors.js";
import { DEFAULT_CURVE } from "#shared/protocol/default-curve.js";
import { canonicalBytes } from "#shared/protocol/network.js";
import { reportHash, signReport } from "#shared/protocol/report.js";
import { signerFromUri } from "#shared/wallet/signer.js";

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

describe("history", () => {
  it("is read from the reports under a home, each once, a miner's score their median", async (t) => {
    const home = temporary(t);
    const [miner, ...validators] = await Promise.all(["//m", "//a", "//b", "//c"].map(signerFromUri));
    const hash = "a".repeat(64);
    for (const [i, validator] of validators.entries())
      for (const cycle of [3, 4]) {
        const scored = cycle === 3;
        const entry = {
          uid: 1,
          hotkey: miner!.address,
          group: "math",
          artifact: hash,
          verdict: scored ? ("scored" as const) : ("rejected" as const),
          reason: scored ? null : ("duplicate" as const),
          detail: null,
          lossReduction: scored ? 1 : null,
          standardError: scored ? 0 : null,
          batches: scored ? 8 : null,
          score: scored ? [0.1, 0.2, 7][i]! : 0,
        };
        const report = signReport(
          { network: hash, cycle, base: hash, seeds: {}, baseline: {}, entries: [entry] },
          validator!,
        );
        for (const place of ["one", `two${i}`]) {
          mkdirSync(join(home, place, "blobs"), { recursive: true });
          writeFileSync(join(home, place, "blobs", reportHash(report)), canonicalBytes(report));
        }
      }
    writeFileSync(join(home, "one", "f".repeat(64)), "no report");
    assert.deepEqual(readHistory(home), {
      hotkeys: [miner!.address],
      cycles: [
        { cycle: 3, scores: [0.2] },
        { cycle: 4, scores: [null] },
      ],
    });
    assert.ok(readFileSync(join(home, "one", "f".repeat(64))).length > 0);
    assert.throws(() => readHistory(join(home, "absent")), coded("HOME_MISSING", /absent/));
    assert.throws(() => readHistory(temporary(t)), coded("HISTORY_EMPTY", /no validator's report/));
  });
});
