import assert from "node:assert/strict";
import { it } from "node:test";
import { settledExecutors } from "#shared/compute/duty/settled-executors.js";
import { OUTCOMES } from "#shared/compute/outcome.js";

it("proofs that most of the validators who are there recomputed, and those that are proven false, have tasks of duty", () => {
  const part = { measured: 10, low: 5, high: 15 };
  const outcomes = OUTCOMES.map((outcome, uid) => ({ ...part, uid, hotkey: outcome, outcome }));
  assert.deepEqual([...settledExecutors({ outcomes })].sort(), ["invalid", "unopposed", "valid"]);
});
