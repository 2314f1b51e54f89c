import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { CycleResult } from "#localnet/result.js";
import { cycleTable, summaryTable } from "#localnet/table.js";
import { heldOutLines } from "#localnet/view.js";

const lineOf = (result: CycleResult, group: string): string | undefined =>
  cycleTable(result, () => undefined)
    .map(stripVTControlCharacters)
    .find((line) => line.includes(`${group}: `));

const summaryOf = (result: CycleResult): readonly string[] =>
  summaryTable({
    seconds: 1,
    genesis: { modelHash: "b".repeat(64), valLoss: result.valLossBefore, valBpb: result.valBpbBefore },
    cycles: [result],
    behaviours: {},
  });

const cycle: CycleResult = {
  cycle: 3,
  modelHash: "a".repeat(64),
  validatorsAgree: true,
  valLossBefore: { math: 2, prose: 3 },
  valLossAfter: { math: 1.9, prose: 3 },
  valBpbBefore: { math: 1, prose: 1.5 },
  valBpbAfter: { math: 0.95, prose: 1.5 },
  steps: { math: 4, prose: 0 },
  undecided: [],
  miners: [],
  merged: [2],
};

describe("the localnet's tables", () => {
  it("say which step a group took, and that one that stood still is not paid", () => {
    assert.match(lineOf(cycle, "math")!, /2\.0000 → 1\.9000 ↓ .*step 4$/);
    assert.match(lineOf(cycle, "prose")!, /3\.0000 → 3\.0000 = .*stood still: its pool is not paid for this cycle$/);
  });

  it("say that pay leaves a cycle out in which a group stood still for want of votes or reports", () => {
    const undecided = { ...cycle, undecided: ["prose"] };
    assert.match(
      lineOf(undecided, "prose")!,
      /stood still for want of votes or reports: its pay leaves this cycle out$/,
    );
    assert.match(summaryOf(undecided).at(-1)!, /2 +prose \(left out\)$/);
  });

  it("show the last models' losses, however many cycles there were", () => {
    const models = Array.from({ length: 300 }, (_, i) => ({ valLoss: { math: 9 - i / 100 }, valBpb: { math: 1 } }));
    const [line = ""] = heldOutLines(models).map(stripVTControlCharacters);
    assert.match(line, /^math +held-out … → 6\.080 → .* → 6\.010 {2}val_bpb 1\.000$/);
    assert.equal(line.split(" → ").length, 9);
    assert.match(stripVTControlCharacters(heldOutLines(models.slice(0, 2))[0]!), /held-out 9\.000 → 8\.990 /);
  });

  it("name in the summary who stood still in which cycle", () => {
    const [heading, first, last] = summaryOf(cycle);
    assert.match(heading!, /stood still, unpaid$/);
    assert.doesNotMatch(first!, /prose$/);
    assert.match(last!, /2 +prose$/);
  });
});
