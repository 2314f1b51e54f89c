import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "#shared/data/random.js";

test("the stream of a seed is pinned, so that machines and versions agree", () => {
  const random = createRandom("blockzero");
  assert.deepEqual(
    Array.from({ length: 4 }, () => random.uint32()),
    [3530314576, 2087858451, 723889545, 118083451],
  );
});

test("a seed repeats, another differs", () => {
  const draw = (seed: string): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 100 }, () => random.next());
  };
  assert.deepEqual(draw("a"), draw("a"));
  assert.notDeepEqual(draw("a"), draw("b"));
  assert.ok(draw("a").every((value) => value >= 0 && value < 1));
});

test("what below draws up to 2^32 is pinned too, and above it", () => {
  const random = createRandom("blockzero");
  assert.deepEqual(
    [random.below(10), random.below(2 ** 32), random.below(1000), random.below(2 ** 33)],
    [6, 2087858451, 545, 8292024796],
  );
});

test("below is even: chi-square of 60,000 draws over 12 values", () => {
  const random = createRandom("even");
  const counts = new Array<number>(12).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.below(12)]! += 1;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 5_000) ** 2 / 5_000, 0);
  assert.ok(chiSquare < 31.3, `11 degrees of freedom, p = 0.001: ${chiSquare}`);
});

test("below keeps to its bounds", () => {
  const random = createRandom("bounds");
  assert.equal(random.below(1), 0);
  for (let i = 0; i < 1_000; i++) assert.ok(random.below(3 * 2 ** 30) < 3 * 2 ** 30);
  const large = Array.from({ length: 1_000 }, () => random.below(2 ** 40 + 1));
  assert.ok(large.every((value) => Number.isInteger(value) && value >= 0 && value <= 2 ** 40));
  assert.ok(large.filter((value) => value >= 2 ** 39).length > 400);
  assert.ok(random.below(2 ** 53) < 2 ** 53);
  for (const bound of [0, -1, 1.5, 2 ** 53 + 2, Number.NaN]) assert.throws(() => random.below(bound), RangeError);
});

test("a stream goes on from its state, wherever it stands", () => {
  const random = createRandom("state");
  for (let i = 0; i < 100; i++) {
    const copy = createRandom(random.state());
    assert.equal(copy.next(), random.next());
    assert.deepEqual(copy.state(), random.state());
    assert.ok(random.state().every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff));
  }
});
