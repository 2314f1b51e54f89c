import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { checkTrainer } from "#miner/own-trainer/check.js";
import { inMemory } from "#shared/training/float-source.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { base } from "../micro-shard.js";
import { BAD, MINIMAL, open } from "./support.js";

const check = async (t: TestContext, script: string) => {
  const { trainer } = await open(t, script, { max_steps: 12, warmup_steps: 0, "trainer.grace_seconds": 0 });
  return checkTrainer(trainer, {
    base: inMemory(base),
    frozen: undefined,
    model: "here",
    cycle: 0,
    seconds: HANG_GUARD / 1000,
    stop: () => false,
    signal: t.signal,
  });
};

describe("blockzero-miner trainer check", { timeout: HANG_GUARD }, () => {
  it("finds nothing wrong with a program that follows the contract", async (t) => {
    const findings = await check(t, MINIMAL);
    assert.ok(
      findings.every(({ isGood }) => isGood),
      JSON.stringify(findings),
    );
    const says = findings.map((finding) => finding.says).join("\n");
    for (const part of [
      /ended by itself/,
      /12 steps, 384 tokens/,
      /step 12 is whole, after 384 tokens/,
      /held-out text/,
    ])
      assert.match(says, part);
  });

  it("counts the program's time from when its job is written", async (t) => {
    const { trainer } = await open(t, MINIMAL);
    let asked = 0;
    t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
    const run: typeof trainer.run = async (from, { deadline }) => {
      // The shard takes longer than the program has.
      t.mock.timers.tick(120_000);
      asked = deadline?.() ?? 0;
      t.mock.timers.tick(1000);
      assert.equal(deadline?.(), asked);
      return trainer.run(from, { cycle: 0, stop: () => true });
    };
    const { signal } = t;
    const others = { base: inMemory(base), frozen: undefined, model: "here", cycle: 0, stop: () => false, signal };
    await checkTrainer({ ...trainer, run }, { ...others, seconds: 60 });
    assert.equal(asked, 1_000_000 + 120_000 + 60_000);
  });

  it("says what is wrong with others, and what to do", async (t) => {
    for (const [fault, says] of [
      ["nothing", /told no progress.*left no checkpoint/],
      ["no-exit-status", /exit status 3: CUDA out of memory/],
      ["not-finite", /is NaN/],
    ] as const) {
      const wrong = (await check(t, `${BAD} ${fault}`)).filter(({ isGood }) => !isGood);
      assert.match(wrong.map((finding) => finding.says).join(" "), says);
      assert.ok(wrong.every(({ remedy }) => remedy !== undefined));
    }
  });
});
