import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attacks } from "../library/index.js";
import type { Play } from "./compute-attack.js";
import { computeTable } from "./compute-table.js";
import { computeAttacks } from "./library/index.js";
import { faultsOf, playAttacks, resultOf } from "./play-attacks.js";

const playOf = (change: Partial<Play> = {}): Play => ({
  payoff: 0,
  alpha: { of: "an honest proof is rejected", events: 0, trials: 1000, computed: 1e-6 },
  beta: { of: "a cheat passes", events: 10, trials: 1000, computed: 0.01 },
  stoppedBy: ["sample"],
  ...change,
});

describe("the arena of attacks on compute", () => {
  it("has names that no attack on the model has", () => {
    const names = [...attacks, ...computeAttacks].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  it("calls harm what pays more than honest work, or has another rate than computed", () => {
    assert.deepEqual(faultsOf(resultOf("a", [playOf()])), []);
    assert.match(faultsOf(resultOf("a", [playOf({ payoff: 1.1 }), playOf({ payoff: 1.101 })]))[0]!, /^pays 1\.1/);
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ payoff: 0.9 }), playOf({ payoff: 1.3 })])), []);
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ payoff: 1.1, luck: 0.2 })])), []);
    assert.equal(faultsOf(resultOf("a", [playOf({ payoff: 1.1, luck: 0.05 })])).length, 1);
    const beta = { of: "a cheat passes", events: 100, trials: 1000, computed: 0.01 };
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ beta })])), ["β is not as computed: a cheat passes"]);
    const alpha = { of: "an honest proof is rejected", events: 9, trials: 1000, computed: 1e-6 };
    assert.deepEqual(faultsOf(resultOf("a", [playOf({ alpha })])), [
      "α is not as computed: an honest proof is rejected",
    ]);
  });

  it("adds up the trials of all seeds, and prints both rates", () => {
    const result = resultOf("a", [playOf(), playOf()]);
    assert.deepEqual([result.beta.events, result.beta.trials], [20, 2000]);
    assert.match(computeTable([result]), /20\/2000 +0\.00\d+ to 0\.0\d+ +0\.0100 +a cheat passes/);
  });

  it("plays an attack to the same figures again", async () => {
    const chosen = computeAttacks.filter(({ name }) => ["prefix-tricks", "split-identities"].includes(name));
    const results = await playAttacks(chosen, ["one"]);
    assert.deepEqual(await playAttacks(chosen, ["one"]), results);
    for (const result of results) assert.deepEqual(faultsOf(result), [], result.attack);
    assert.equal(results.find(({ attack }) => attack === "prefix-tricks")!.payoff.mean, 0);
    assert.equal(results.find(({ attack }) => attack === "split-identities")!.payoff.mean, 1);
  });
});
