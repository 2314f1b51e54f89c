import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { CycleResult } from "#localnet/result.js";
import { cycleTable, summaryTable } from "#localnet/table.js";
import { heldOutLines } from "#localnet/view.js";

const cycle: CycleResult = {
  cycle: 3,
  modelHash: "a".repeat(64),
  validatorsAgree: true,
  valLossBefore: { math: 2, prose: 3 },
  valLossAfter: { math: 1.9, prose: 3 },
  valBpbBefore: { math: 1, prose: 1.5 },
  valBpbAfter: { math: 0.95, prose: 1.5 },
  steps: { math: 4, prose: 0 },
  miners: [],
  merged: [2],
};

describe("the localnet's tables", () => {
  it("say which step a group took, and that one that stood still is not paid", () => {
    const lines = cycleTable(cycle, () => undefined).map(stripVTControlCharacters);
    const lineOf = (group: string) => lines.find((line) => line.includes(`${group}: `));
    assert.match(lineOf("math")!, /2\.0000 → 1\.9000 ↓ .*step 4$/);
    assert.match(lineOf("prose")!, /3\.0000 → 3\.0000 = .*stood still: its pool is not paid for this cycle$/);
  });

  it("show the last models' losses, however many cycles there were", () => {
    const models = Array.from({ length: 300 }, (_, i) => ({ valLoss: { math: 9 - i / 100 }, valBpb: { math: 1 } }));
    const [line = ""] = heldOutLines(models).map(stripVTControlCharacters);
    assert.match(line, /^math +held-out … → 6\.080 → .* → 6\.010 {2}val_bpb 1\.000$/);
    assert.equal(line.split(" → ").length, 9);
    assert.match(stripVTControlCharacters(heldOutLines(models.slice(0, 2))[0]!), /held-out 9\.000 → 8\.990 /);
  });

  it("name in the summary who stood still in which cycle", () => {
    const genesis = { modelHash: "b".repeat(64), valLoss: cycle.valLossBefore, valBpb: cycle.valBpbBefore };
    const [heading, first, last] = summaryTable({ seconds: 1, genesis, cycles: [cycle], behaviours: {} });
    assert.match(heading!, /stood still, unpaid$/);
    assert.doesNotMatch(first!, /prose$/);
    assert.match(last!, /2 +prose$/);
  });
});
