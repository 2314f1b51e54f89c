import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ApprovedStep, worthOf, worthwhile } from "#shared/scoring/steps/worth.js";

const reduction = (mean: number, standardError = 0.001, batches = 16) => ({
  mean,
  standardError,
  batches,
  freedom: batches - 1,
});

/** Steps go equally far unless it is said. */
const step = (own: ApprovedStep["own"], others: ApprovedStep["others"], reach = 1): ApprovedStep => ({
  reach,
  own,
  others,
});

describe("what an approved step is worth", () => {
  it("is what it lowers its own group's loss by, less what it surely costs each other group", () => {
    assert.equal(worthOf(step(reduction(0.05), null), 1), 0.05);
    assert.equal(worthOf(step(reduction(0.05), reduction(0.2)), 1), 0.05, "it is not approved for others");
    assert.equal(worthOf(step(reduction(0.05), reduction(-0.001)), 1), 0.05, "that may be chance");
    assert.ok(Math.abs(worthOf(step(reduction(0.05), reduction(-0.02)), 2) - 0.01) < 1e-12);
    assert.equal(worthOf(step(reduction(0.05), reduction(Number.NEGATIVE_INFINITY, 0)), 1), -Infinity);
  });

  it("decides which of them is best", () => {
    const steps = [
      step(reduction(0.05), reduction(-0.06, 0.01)),
      step(reduction(0.02), reduction(-0.001)),
      step(reduction(0.03), reduction(-0.015)),
      null,
    ];
    assert.deepEqual(worthwhile(steps, 1), { better: [true, true, true, false], best: 1 });
    assert.deepEqual(worthwhile(steps.slice(0, 1), 1), { better: [true], best: 0 }, "it may cost less than it gains");
  });

  it("decides which of them is worth at least three quarters of the best and goes farthest", () => {
    const short = step(reduction(0.05), reduction(0), 1);
    const long = step(reduction(0.05), reduction(-0.01), 2);
    assert.equal(worthwhile([short, long], 1).best, 1);
    assert.equal(worthwhile([short, long], 2).best, 0, "it costs each of two groups something");
  });

  it("leaves out what surely costs the other groups together more than it gains", () => {
    const harmful = step(reduction(0.05), reduction(-0.053));
    const costly = step(reduction(0.05), reduction(-0.047));
    assert.deepEqual(worthwhile([harmful, costly], 1), { better: [false, true], best: 1 });
    assert.deepEqual(worthwhile([harmful], 1), { better: [false], best: null });
    assert.deepEqual(worthwhile([costly], 2), { better: [false], best: null }, "each of two others");
    assert.deepEqual(
      worthwhile([step(reduction(0.05), reduction(-0.053, 0.005))], 1).better,
      [true],
      "by chance it may",
    );
    assert.deepEqual(worthwhile([step(reduction(0.05), null)], 1).better, [true], "where that is not known");
  });

  it("prefers what is worth something to what is not, however long it was measured", () => {
    const early = step(reduction(0.05, 0.001, 8), reduction(-0.01));
    const late = step(reduction(0.06, 0.001, 64), reduction(-0.07, 0.01));
    assert.equal(worthwhile([early, late], 1).best, 0, "its race was over by what it gains at home alone");
    assert.equal(worthwhile([late], 1).best, 0, "where there is no other");
    assert.equal(
      worthwhile([early, { ...late, others: reduction(-0.05) }], 1).best,
      1,
      "where both are worth something",
    );
  });

  it("compares those that were measured longest, and prefers one whose harm is known", () => {
    const early = step(reduction(0.09, 0.001, 8), reduction(0));
    const late = step(reduction(0.02, 0.001, 32), reduction(0));
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
