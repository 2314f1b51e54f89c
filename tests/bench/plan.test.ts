import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ratioOf, standing, variationOf } from "#bench/plan/compared.js";

const turns = (...of: readonly (readonly [number, number, number])[]) => ({
  what: "tokens a second",
  turns: of.map(([before, measured, after]) => ({ before, measured, after })),
});

describe("plans beside what is measured", () => {
  it("are held against the measurement between them", () => {
    // The machine becomes half as fast, and the plan says so each time.
    const slowing = turns([100, 90, 80], [80, 70, 60], [60, 55, 50]);
    assert.equal(ratioOf(slowing), 1);
    assert.equal(variationOf(slowing), 1);
    assert.equal(standing(slowing), "met");
  });

  it("are missed only where the machine kept its speed", () => {
    assert.equal(standing(turns([100, 84, 100], [100, 84, 101], [100, 84, 100])), "MISSED");
    assert.equal(standing(turns([100, 116, 100], [100, 84, 101], [100, 116, 100])), "MISSED");
    assert.equal(standing(turns([100, 84, 100], [116, 84, 100], [100, 84, 100])), "UNSURE");
    assert.equal(standing(turns([100, 30, 100], [100, 100, 100], [100, 114, 100])), "met");
  });
});
