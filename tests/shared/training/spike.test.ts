import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSpike } from "#shared/training/spike.js";

/** Mean 2, deviation about 0.1. */
const usual = Array.from({ length: 40 }, (_, i) => 2 + 0.1 * Math.sin(12.9 * i) * Math.SQRT2);

describe("spike", () => {
  it("is a loss far above those before it", () => {
    assert.equal(isSpike(2.3, usual, 6), false);
    assert.equal(isSpike(2.8, usual, 6), true);
    assert.equal(isSpike(2.3, usual, 2), true);
  });

  it("is never below the mean, and never where the threshold is 0", () => {
    assert.equal(isSpike(0, usual, 1), false);
    assert.equal(isSpike(1e9, usual, 0), false);
  });

  it("needs enough losses to judge by", () => {
    assert.equal(isSpike(100, usual.slice(0, 15), 3), false);
    assert.equal(isSpike(100, usual.slice(0, 16), 3), true);
  });

  it("is not made of losses that hardly differ", () => {
    const flat = new Array<number>(20).fill(2);
    assert.equal(isSpike(2.001, flat, 3), false);
    assert.equal(isSpike(2.1, flat, 3), true);
  });

  it("looks at the last losses only", () => {
    const risen = [...usual, ...new Array<number>(64).fill(5)];
    assert.equal(isSpike(5.01, risen, 6), false);
  });
});
