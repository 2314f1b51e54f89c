import assert from "node:assert/strict";
import { test } from "node:test";
import { binomialAtLeast, binomialBelow, binomialInterval } from "#shared/sprint/proof/binomial.js";
import { FIXED_TESTS, isRejected, type RatedTest } from "#shared/sprint/proof/fixed-tests.js";

/** P(X < k) of a binomial whose probability is part / whole, as an exact fraction cut to 30 digits. */
const exactBelow = (k: number, n: number, part: bigint, whole: bigint): number => {
  let [choose, sum] = [1n, 0n];
  for (let i = 0; i < k; i++) {
    sum += choose * part ** BigInt(i) * (whole - part) ** BigInt(n - i);
    choose = (choose * BigInt(n - i)) / BigInt(i + 1);
  }
  const digits = 10n ** 30n;
  return Number((sum * digits) / whole ** BigInt(n)) / 1e30;
};

const exactAtLeast = (k: number, n: number, part: bigint, whole: bigint): number =>
  exactBelow(n - k + 1, n, whole - part, whole);

test("the table of the fixed tests, exact in every digit that is printed", () => {
  const printed = (of: RatedTest) => [
    of.honest,
    of.cheat,
    of.size,
    of.reject,
    of.alpha.toPrecision(3),
    of.beta.toPrecision(3),
  ];
  assert.deepEqual(Object.fromEntries(Object.entries(FIXED_TESTS).map(([name, of]) => [name, printed(of)])), {
    exact: [1e-6, 0.01, 459, 1, "0.000459", "0.00992"],
    exactQuick: [1e-6, 0.05, 90, 1, "0.0000900", "0.00989"],
    floatSameClass: [1e-4, 0.02, 418, 3, "0.0000117", "0.00985"],
    floatMixed: [1e-3, 0.05, 198, 4, "0.0000532", "0.00976"],
    logProbability: [5e-3, 0.05, 344, 9, "0.0000730", "0.00980"],
  });
});

test("error rates are those of exact fractions", () => {
  for (const { honest, cheat, size, reject, alpha, beta } of Object.values(FIXED_TESTS)) {
    const millionths = (p: number) => BigInt(Math.round(p * 1e6));
    const a = exactAtLeast(reject, size, millionths(honest), 1_000_000n);
    const b = exactBelow(reject, size, millionths(cheat), 1_000_000n);
    assert.ok(Math.abs(alpha / a - 1) < 1e-12, `${alpha} is not ${a}`);
    assert.ok(Math.abs(beta / b - 1) < 1e-12, `${beta} is not ${b}`);
  }
});

test("no smaller sample finds as much at its threshold", () => {
  for (const { cheat, size, reject } of Object.values(FIXED_TESTS))
    assert.ok(binomialBelow(reject, size - 1, cheat) > 0.01);
});

test("a host is rejected at the threshold", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((mismatches) => isRejected(FIXED_TESTS.floatSameClass, mismatches)),
    [false, false, false, true, true],
  );
});

test("tails of a binomial complete each other", () => {
  for (const [n, p] of [
    [1, 0.5],
    [20, 0.3],
    [459, 0.01],
    [1000, 0.9],
  ] as const)
    for (const k of [0, 1, Math.round(n * p), n, n + 1])
      assert.ok(Math.abs(binomialAtLeast(k, n, p) + binomialBelow(k, n, p) - 1) < 1e-11, `${k} of ${n} at ${p}`);
});

test("an interval holds the probabilities at which the count is no surprise", () => {
  // Clopper and Pearson's own example is 3 of 10 at 95 %: 0.0667 to 0.6525.
  const [low, high] = binomialInterval(3, 10, 0.95);
  assert.deepEqual([low.toFixed(4), high.toFixed(4)], ["0.0667", "0.6525"]);
  assert.ok(Math.abs(binomialAtLeast(3, 10, low) - 0.025) < 1e-9);
  assert.ok(Math.abs(binomialBelow(4, 10, high) - 0.025) < 1e-9);
  assert.deepEqual([binomialInterval(0, 10, 0.95)[0], binomialInterval(10, 10, 0.95)[1]], [0, 1]);
});
