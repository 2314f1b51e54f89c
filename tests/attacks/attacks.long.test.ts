import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openJsonl } from "#datasets/jsonl.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { models } from "./arena/models/index.js";
import { resultOf } from "./arena/result.js";
import { openTrial } from "./arena/trial.js";
import { PUBLIC_PAGES_FILE, publicPages } from "./library/evaluation-text.js";
import { attacks } from "./library/index.js";

/** What refuses each of them in its first cycle, before anything is scored; `npm run attacks` lives through all attacks, for longer. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "extra-tensors": ["missing_tensor", "unknown_tensor"],
  "many-tensors": ["malformed", "too_large"],
  "lying-files": ["bad_signature", "malformed", "not_finite", "unreachable"],
  withholding: ["no_reveal", "unreachable"],
};

describe("attacks of one cycle", { timeout: HANG_GUARD }, () => {
  it("pay nothing where they are refused, and leave the very model that comes of the attacker's absence", async (t) => {
    const trial = await openTrial({ model: models.micro, seed: "arena", cycles: 1 });
    t.after(() => trial.close());
    for (const [name, expected] of Object.entries(refused)) {
      const result = resultOf([await trial.run(attacks.find((attack) => attack.name === name)!)]);
      assert.ok(result.honestPayoff.mean > 0, "honest work pays");
      assert.ok(result.payoff.mean <= 0, name);
      assert.equal(result.modelLossWithAttack, result.modelLossWithout, name);
      assert.deepEqual(result.stoppedBy, expected, name);
    }
    const flipped = resultOf([await trial.run(attacks.find(({ name }) => name === "sign-flip")!)]);
    assert.ok(flipped.payoff.mean <= 0);
    assert.deepEqual(flipped.stoppedBy, ["proof-of-loss"]);
  });
});

describe("a report that is copied in its own cycle", { timeout: HANG_GUARD }, () => {
  it("is nobody's: it is served when no record of it would come in time", async (t) => {
    const trial = await openTrial({ model: models.micro, seed: "arena", cycles: 1 });
    t.after(() => trial.close());
    const { stoppedBy, validators, progress } = await trial.run(attacks.find(({ name }) => name === "copied-report")!);
    assert.ok(stoppedBy.includes("embargo"), stoppedBy.join(" "));
    assert.deepEqual(
      validators.map(({ name, reported, counted }) => ({ name, reported, counted })),
      [
        { name: "vera", reported: 1, counted: 1 },
        { name: "vito", reported: 1, counted: 1 },
        { name: "mallory", reported: 1, counted: 0 },
      ],
    );
    assert.equal(progress.agreed, 1);
  });
});

describe("one training under twice as many hotkeys as others train", { timeout: HANG_GUARD }, () => {
  it("earns less than it would under one where validators train too, and more where they do not", async (t) => {
    const trial = await openTrial({ model: models.micro, seed: "arena 1", cycles: 1 });
    t.after(() => trial.close());
    const earned = async (name: string) => {
      const { payoff, ownPayoff } = resultOf([await trial.run(attacks.find((attack) => attack.name === name)!)]);
      return payoff.mean / ownPayoff.mean;
    };
    assert.ok((await earned("noisy-copies-8")) < 1);
    assert.ok((await earned("noisy-copies-8-unwitnessed")) > 1);
  });
});

describe("an attack of two cycles", { timeout: HANG_GUARD }, () => {
  it("is not paid for a cycle that only its own report leaves out", async (t) => {
    const trial = await openTrial({ model: models.micro, seed: "arena", cycles: 2 });
    t.after(() => trial.close());
    const observed = await trial.run(attacks.find(({ name }) => name === "abstention-by-own-report")!);
    const [good, idle] = observed.payoffs;
    assert.ok(good! > 0, "its work is paid");
    assert.ok(idle! < good!, `a cycle without work is paid less: ${idle} after ${good}`);
    assert.ok(
      !observed.stoppedBy.includes("validator_failed"),
      "nothing is agreed on of a cycle in which it sent nothing",
    );
    assert.deepEqual(observed.work, { ...observed.work, rejected: 0, abstained: 0, unscored: [] });
  });
});

describe("an attack on a base that stays", { timeout: HANG_GUARD }, () => {
  it("is paid for its work once", async (t) => {
    const trial = await openTrial({ model: models.micro, seed: "arena", cycles: 3 });
    t.after(() => trial.close());
    const observed = await trial.run(attacks.find(({ name }) => name === "replay-after-no-merge")!);
    const [once, again, last] = observed.payoffs;
    assert.ok(once! > 0, "its work is paid");
    assert.ok(again! < once! && last! < once!, `${observed.payoffs}`);
    assert.ok(observed.stoppedBy.includes("duplicate"), observed.stoppedBy.join(" "));
    assert.equal(observed.progress.agreed, 0, "no model was agreed on");
    assert.deepEqual(observed.work, { ...observed.work, rejected: 0, abstained: 0, unscored: [] });
  });
});

describe("the attack library", () => {
  it("has one name an attack", () => {
    assert.equal(new Set(attacks.map(({ name }) => name)).size, attacks.length);
  });

  it("publishes the pages before those that are sealed", () => {
    const file = openJsonl(PUBLIC_PAGES_FILE);
    assert.equal(file.size, publicPages.length);
    assert.deepEqual(
      publicPages.map((_, i) => file.document(i)),
      publicPages,
    );
  });
});
