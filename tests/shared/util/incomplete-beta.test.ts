import assert from "node:assert/strict";
import { test } from "node:test";
import { incompleteBeta, incompleteBetaQuantile } from "#shared/util/incomplete-beta.js";

const near = (value: number, expected: number, within = 1e-12) =>
  assert.ok(Math.abs(value - expected) <= within, `${value} is not ${expected}`);

test("values with a closed form", () => {
  for (const x of [0, 0.01, 0.3, 0.5, 0.97, 1]) {
    near(incompleteBeta(x, 1, 1), x);
    near(incompleteBeta(x, 3, 1), x ** 3);
    near(incompleteBeta(x, 1, 4), 1 - (1 - x) ** 4);
    near(incompleteBeta(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)));
    near(incompleteBeta(x, 2, 2), x * x * (3 - 2 * x));
  }
});

test("symmetry, and the median of equal parameters", () => {
  for (const [a, b] of [
    [31.5, 31.5],
    [4095.5, 4095.5],
    [7, 900],
    [13_000, 12e6],
  ] as const) {
    const within = 1e-13 * Math.max(10, a + b);
    near(incompleteBeta(0.5, a, a), 0.5, within);
    for (const x of [1e-4, 0.2, 0.499]) near(incompleteBeta(x, a, b), 1 - incompleteBeta(1 - x, b, a), within);
  }
});

test("a quantile is where its probability is reached", () => {
  for (const [p, a, b] of [
    [0.025, 3, 8],
    [1 / 900, 255.5, 255.5],
    [0.975, 401, 359_600],
  ] as const)
    near(incompleteBeta(incompleteBetaQuantile(p, a, b), a, b), p, 1e-10);
});

test("arguments outside their ranges are refused", () => {
  for (const [x, a, b] of [
    [-0.1, 1, 1],
    [1.1, 1, 1],
    [Number.NaN, 1, 1],
    [0.5, 0, 1],
    [0.5, 1, -1],
  ] as const)
    assert.throws(() => incompleteBeta(x, a, b), RangeError);
  assert.throws(() => incompleteBetaQuantile(0, 1, 1), RangeError);
  assert.throws(() => incompleteBetaQuantile(1, 1, 1), RangeError);
});
