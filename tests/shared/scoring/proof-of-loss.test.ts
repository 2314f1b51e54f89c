import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";
import { proofOfLoss } from "#shared/scoring/proof-of-loss.js";
import { studentCdf, studentQuantile } from "#shared/scoring/student-t.js";

const at = (confidence: number, exponent = 1) => ({ confidence, exponent });

/** Standard normal numbers from a seed. */
const normals = (seed: number): (() => number) => {
  const random = createRandom(`normals ${seed}`);
  return () => normal(random);
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
  const result = proofOfLoss([3, 3, 3, 3], [2, 2.5, 2, 2.5], at(0.95));
  assert.ok(result.verdict === "scored");
  assert.equal(result.lossReduction, 0.75);
  assert.ok(Math.abs(result.standardError - Math.sqrt(1 / 12 / 4)) < 1e-15);
  assert.ok(Math.abs(result.score - (0.75 - 2.353363 * Math.sqrt(1 / 48))) < 1e-6);
  assert.equal(result.score, result.lowerBound);
});

test("an update that changes nothing, or harms, earns nothing", () => {
  const unchanged = proofOfLoss([2, 3, 4], [2, 3, 4], at(0.95));
  assert.ok(unchanged.verdict === "scored" && unchanged.score === 0);
  const harmful = proofOfLoss([2, 3, 4], [3, 4, 5], at(0.95));
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
        at(confidence),
      );
      if (result.verdict === "scored" && result.score > 0) paid += 1;
    }
    const tail = 1 - confidence;
    const spread = 3 * Math.sqrt((tail * confidence) / trials);
    assert.ok(Math.abs(paid / trials - tail) < spread, `${paid} of ${trials} paid at ${confidence}`);
  }
});

test("a NaN batch rejects the update, or the validator's own run; it never drops out of the mean", () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1001, -1001]) {
    assert.deepEqual(proofOfLoss([9, 9, 9], [1, bad, 1], at(0.95)), { verdict: "rejected", reason: "non_finite_loss" });
    assert.deepEqual(proofOfLoss([9, bad, 9], [1, bad, 1], at(0.95)), {
      verdict: "abstained",
      reason: "validator_failed",
    });
  }
});

test("losses come in pairs, at least two", () => {
  assert.throws(() => proofOfLoss([1], [1], at(0.95)), RangeError);
  assert.throws(() => proofOfLoss([1, 2], [1], at(0.95)), RangeError);
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
        at(0.95),
      );
      assert.ok(result.verdict === "scored");
      assert.ok(result.score >= 0 && result.score <= Math.max(0, result.lossReduction));
    }),
    { seed: 2 },
  );
});

test("the exponent is a power of the bound: it keeps nothing at nothing, and every order", () => {
  const losses = [3, 3, 3, 3] as const;
  const bound = proofOfLoss(losses, [2, 2.5, 2, 2.5], at(0.95));
  const squared = proofOfLoss(losses, [2, 2.5, 2, 2.5], at(0.95, 2));
  assert.ok(bound.verdict === "scored" && squared.verdict === "scored");
  assert.equal(squared.score, bound.score ** 2);
  assert.equal(squared.lowerBound, bound.lowerBound);
  for (const exponent of [0.1, 1, 16]) {
    const harmful = proofOfLoss([2, 3, 4], [3, 4, 5], at(0.95, exponent));
    assert.ok(harmful.verdict === "scored" && harmful.score === 0);
  }
});
