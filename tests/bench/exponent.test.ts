import assert from "node:assert/strict";
import { it } from "node:test";
import { exponentOf } from "#bench/cost/exponent.js";

it("the exponent of a growth is that of its power", () => {
  const sizes = [512, 1024, 2048, 4096];
  const near = (power: number, factor: number) =>
    exponentOf(sizes.map((size) => [size, factor * size ** power] as const));
  assert.ok(Math.abs(near(2, 7) - 2) < 1e-9);
  assert.ok(Math.abs(near(0, 3)) < 1e-9);
  const between = exponentOf(sizes.map((size) => [size, size + 0.001 * size ** 2] as const));
  assert.ok(between > 1.4 && between < 2);
});
