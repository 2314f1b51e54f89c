import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import { studentCdf, studentQuantile } from "#shared/scoring/student-t.js";

/** Standard normal numbers from a seed (Box–Muller over a 32-bit linear congruential generator). */
const normals = (seed: number): (() => number) => {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
};

test("Student's quantiles agree with published tables", () => {
  for (const [probability, freedom, t] of [
    [0.95, 1, 6.313752],
    [0.975, 2, 4.302653],
    [0.95, 3, 2.353363],
    [0.999, 5, 5.89343],
    [0.95, 7, 1.894579],
    [0.99, 10, 2.763769],
    [0.975, 30, 2.042272],
    [0.95, 50, 1.675905],
    [0.95, 1000, 1.646379],
  ] as const) {
    assert.ok(Math.abs(studentQuantile(probability, freedom) - t) < 1e-6, `t(${probability}, ${freedom})`);
  }
});

test("the quantile inverts the distribution and falls with more degrees of freedom", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.501, max: 0.9999, noNaN: true }), fc.integer({ min: 1, max: 200 }), (p, freedom) => {
      const t = studentQuantile(p, freedom);
      assert.ok(Math.abs(studentCdf(t, freedom) - p) < 1e-12);
      assert.ok(Math.abs(studentCdf(-t, freedom) - (1 - p)) < 1e-12);
      assert.ok(studentQuantile(p, freedom + 1) < t);
    }),
    { seed: 1 },
  );
  for (const [p, freedom] of [
    [0.5, 3],
    [1, 3],
    [0.9, 0],
    [0.9, 1.5],
    [Number.NaN, 3],
  ] as const) {
    assert.throws(() => studentQuantile(p, freedom), RangeError);
  }
});

test("a known improvement has the score that the formula gives by hand", () => {
  const result = proofOfLoss([3, 3, 3, 3], [2, 2.5, 2, 2.5], 0.95);
  assert.ok(result.verdict === "scored");
  assert.equal(result.lossReduction, 0.75);
  assert.ok(Math.abs(result.standardError - Math.sqrt(1 / 12 / 4)) < 1e-15);
  assert.ok(Math.abs(result.score - (0.75 - 2.353363 * Math.sqrt(1 / 48))) < 1e-6);
  assert.equal(result.score, result.lowerBound);
});

test("an update that changes nothing, or harms, earns nothing", () => {
  const unchanged = proofOfLoss([2, 3, 4], [2, 3, 4], 0.95);
  assert.ok(unchanged.verdict === "scored" && unchanged.score === 0);
  const harmful = proofOfLoss([2, 3, 4], [3, 4, 5], 0.95);
  assert.ok(harmful.verdict === "scored" && harmful.score === 0 && harmful.lossReduction === -1);
});

test("noise earns nothing in at least the confident share of trials, and the bound is no more timid than that", () => {
  const trials = 4000;
  for (const [confidence, batches] of [
    [0.95, 8],
    [0.9, 16],
  ] as const) {
    const noise = normals(batches);
    let paid = 0;
    for (let trial = 0; trial < trials; trial++) {
      const before = Array.from({ length: batches }, () => 4 + noise());
      const result = proofOfLoss(
        before,
        before.map((loss) => loss + 0.1 * noise()),
        confidence,
      );
      if (result.verdict === "scored" && result.score > 0) paid += 1;
    }
    const tail = 1 - confidence;
    const spread = 3 * Math.sqrt((tail * confidence) / trials);
    assert.ok(Math.abs(paid / trials - tail) < spread, `${paid} of ${trials} paid at ${confidence}`);
  }
});

test("a NaN batch rejects the update, or the validator's own run; it never drops out of the mean", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.deepEqual(proofOfLoss([9, 9, 9], [1, bad, 1], 0.95), { verdict: "rejected", reason: "non_finite_loss" });
    assert.deepEqual(proofOfLoss([9, bad, 9], [1, bad, 1], 0.95), { verdict: "abstained", reason: "validator_failed" });
  }
  assert.equal(proofOfLoss([9, 9], [1e308, -1e308], 0.95).verdict, "rejected");
});

test("losses come in pairs, at least two", () => {
  assert.throws(() => proofOfLoss([1], [1], 0.95), RangeError);
  assert.throws(() => proofOfLoss([1, 2], [1], 0.95), RangeError);
});

test("the score is never above the mean improvement and never negative", () => {
  const losses = fc.array(
    fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0, max: 20, noNaN: true })),
    {
      minLength: 2,
      maxLength: 50,
    },
  );
  fc.assert(
    fc.property(losses, (pairs) => {
      const result = proofOfLoss(
        pairs.map(([before]) => before),
        pairs.map(([, after]) => after),
        0.95,
      );
      assert.ok(result.verdict === "scored");
      assert.ok(result.score >= 0 && result.score <= Math.max(0, result.lossReduction));
    }),
    { seed: 2 },
  );
});
