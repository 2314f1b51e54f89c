import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Choice, farthest } from "#shared/scoring/steps/farthest.js";

const choose = (...steps: readonly (readonly [gain: number, reach: number])[]): number | undefined => {
  const choices = steps.map(([gain, reach], number): Choice & { number: number } => ({ gain, reach, number }));
  return farthest(choices, (choice) => choice)?.number;
};

describe("the farthest step that gains enough", () => {
  it("gains at least three quarters of what the best gains", () => {
    assert.equal(choose([4, 0.5], [3.5, 1], [3, 2], [2.9, 7]), 2);
    assert.equal(choose([4, 0.5], [2.9, 7]), 0);
    assert.equal(choose([4, 2], [3, 1]), 0, "shorter steps that gain less are never chosen");
  });

  it("is, of those that go equally far, the one that gains most, then the first", () => {
    assert.equal(choose([3, 1], [4, 1], [4, 1]), 1);
  });

  it("is the one that loses least where none gains, and none where there is none", () => {
    assert.equal(choose([-3, 7], [-1, 1], [-2, 2]), 1);
    assert.equal(choose([Number.NEGATIVE_INFINITY, 7], [1, 1]), 1);
    assert.equal(choose(), undefined);
  });
});
