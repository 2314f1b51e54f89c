import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { allocateVectors } from "#shared/kernels/vector-memory.js";
import { coded } from "#tests/support/coded.js";

const SEED = 7;
const floats = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e3, max: 1e3 }), { maxLength: 70 });

describe("vector memory", () => {
  it("holds arrays of any lengths apart, zeros at first", () => {
    const groups = allocateVectors([1, 0, 17, 1000], 3);
    const all = groups.flatMap(({ arrays }) => arrays);
    assert.deepEqual(
      all.map(({ length }) => length),
      [1, 1, 1, 0, 0, 0, 17, 17, 17, 1000, 1000, 1000],
    );
    assert.ok(all.every((array) => array.every((x) => x === 0)));
    for (const [i, array] of all.entries()) array.fill(i + 1);
    assert.ok(all.every((array, i) => array.every((x) => x === i + 1)));
  });

  it("adds one array to another in place", () => {
    fc.assert(
      fc.property(floats, (xs) => {
        const [group] = allocateVectors([xs.length], 2);
        const [sum, addend] = group!.arrays;
        sum!.set(xs);
        addend!.set(xs.map((_, i) => i));
        group!.run("add", [0, 1]);
        assert.deepEqual(
          [...sum!],
          xs.map((x, i) => Math.fround(x + i)),
        );
        assert.deepEqual(
          [...addend!],
          xs.map((_, i) => i),
        );
      }),
      { seed: SEED },
    );
  });

  it("sums squares in float64, and lets NaN and overflow of float32 show", () => {
    fc.assert(
      fc.property(floats, (xs) => {
        const [group] = allocateVectors([xs.length], 1);
        group!.arrays[0]!.set(xs);
        const expected = xs.reduce((sum, x) => sum + x * x, 0);
        const sum = group!.run("sumOfSquares", [0]);
        assert.ok(Math.abs(sum - expected) <= 1e-12 * expected, `${sum} for ${expected}`);
      }),
      { seed: SEED },
    );
    const [group] = allocateVectors([20], 1);
    group!.arrays[0]!.fill(1e30);
    assert.ok(Math.abs(group!.run("sumOfSquares", [0]) / 2e61 - 1) < 1e-6);
    group!.arrays[0]![19] = Number.NaN;
    assert.ok(Number.isNaN(group!.run("sumOfSquares", [0])));
  });

  it("refuses arrays that no memory holds", () => {
    assert.throws(() => allocateVectors([2 ** 53], 1), coded("KERNEL_MEMORY"));
  });

  it("computes on arrays that one memory does not hold as on others", () => {
    const lengths = [7, 40_001, 16_384, 3];
    const [small, large] = [allocateVectors(lengths, 4), allocateVectors(lengths, 4, 1024)];
    const fill = (array: Float32Array, place: number) => {
      for (let i = 0; i < array.length; i++) array[i] = Math.fround(Math.sin(i + place)) ** (place === 2 ? 2 : 1);
    };
    for (const groups of [small, large])
      for (const { arrays } of groups) for (const [i, one] of arrays.entries()) fill(one, i);
    for (const [i, expected] of small.entries()) {
      const found = large[i]!;
      for (const { run } of [expected, found]) {
        run("add", [3, 1]);
        run("adamw", [0, 1, 2, 3], 0.5, 0.9, 0.99, 0.01, 1e-8, 0.999);
        run("nesterov", [1, 3, 2], 0.1, 0.9, -1);
      }
      assert.deepEqual(found.arrays, expected.arrays);
      const [sum, theirs] = [found.run("sumOfSquares", [3]), expected.run("sumOfSquares", [3])];
      assert.ok(Math.abs(sum - theirs) <= 1e-12 * theirs, `${sum} for ${theirs}`);
    }
    assert.throws(() => large[1]!.run("weightedSum", [0, 1, 2], 8, 8), RangeError);
  });

  it("takes another memory where one is full", () => {
    const groups = allocateVectors([2 ** 28, 2 ** 28, 2 ** 28, 2 ** 28], 1);
    const last = groups[3]!;
    last.arrays[0]![2 ** 28 - 1] = 3;
    assert.equal(new Set(groups.map(({ arrays }) => arrays[0]!.buffer)).size, 2);
    assert.equal(groups[0]!.arrays[0]![2 ** 28 - 1], 0);
  });
});
