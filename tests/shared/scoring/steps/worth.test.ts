import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { worthOf, worthwhile } from "#shared/scoring/steps/worth.js";

const reduction = (mean: number, standardError = 0.001, batches = 16) => ({
  mean,
  standardError,
  batches,
  freedom: batches - 1,
});

describe("what an approved step is worth", () => {
  it("is what it lowers its own group's loss by, less what it surely costs each other group", () => {
    assert.equal(worthOf({ own: reduction(0.05), others: null }, 1), 0.05);
    assert.equal(worthOf({ own: reduction(0.05), others: reduction(0.2) }, 1), 0.05, "it is not approved for others");
    assert.equal(worthOf({ own: reduction(0.05), others: reduction(-0.001) }, 1), 0.05, "that may be chance");
    assert.ok(Math.abs(worthOf({ own: reduction(0.05), others: reduction(-0.02) }, 2) - 0.01) < 1e-12);
    assert.equal(worthOf({ own: reduction(0.05), others: reduction(Number.NEGATIVE_INFINITY, 0) }, 1), -Infinity);
  });

  it("decides which of them is best", () => {
    const steps = [
      { own: reduction(0.05), others: reduction(-0.06) },
      { own: reduction(0.02), others: reduction(-0.001) },
      { own: reduction(0.03), others: reduction(-0.015) },
      null,
    ];
    assert.deepEqual(worthwhile(steps, 1), { better: [true, true, true, false], best: 1 });
    assert.deepEqual(worthwhile(steps.slice(0, 1), 1), { better: [true], best: 0 }, "training costs others something");
  });

  it("leaves out what costs another group more than four times as much", () => {
    const harmful = { own: reduction(0.05), others: reduction(-0.21) };
    const costly = { own: reduction(0.05), others: reduction(-0.19) };
    assert.deepEqual(worthwhile([harmful, costly], 1), { better: [false, true], best: 1 });
    assert.deepEqual(worthwhile([harmful], 1), { better: [false], best: null });
    assert.deepEqual(worthwhile([costly], 47).better, [true], "however many other groups there are");
  });

  it("compares those that were measured longest, and prefers one whose harm is known", () => {
    const early = { own: reduction(0.09, 0.001, 8), others: reduction(0) };
    const late = { own: reduction(0.02, 0.001, 32), others: reduction(0) };
    assert.equal(worthwhile([early, late], 1).best, 1);
    assert.equal(worthwhile([early, { ...late, others: null }], 1).best, 0);
    assert.equal(
      worthwhile(
        [
          { ...early, others: null },
          { ...late, others: null },
        ],
        1,
      ).best,
      1,
    );
  });
});
