import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { rewardCurve } from "#shared/scoring/curves/reward-curve.js";
import { copyingGain, identityCostFor, splittingGain } from "#shared/scoring/curves/splitting.js";

const curve = rewardCurve({ curve: "top-n", n: 5, decay: { ratio: 2 }, floor: 0 });
const proportional = rewardCurve({ curve: "proportional", exponent: 1 });
const concavity = fc.double({ min: 0.2, max: 1, noNaN: true });
const score = fc.double({ min: 0.01, max: 5, noNaN: true });
const field = fc.array(score, { maxLength: 30 });
const check = { seed: 66, numRuns: 300 };

describe("splitting one miner's work", () => {
  it("gains nothing where pay and score are both proportional to work", () => {
    const gain = splittingGain({ curve: proportional, field: [1, 2, 3], score: 2, concavity: 1, identityCost: 0 }, 4);
    assert.ok(Math.abs(gain) < 1e-12);
  });

  it("pays under a proportional curve where half of the work earns more than half of the score", () => {
    const gain = splittingGain({ curve: proportional, field: [1, 1], score: 1, concavity: 0.5, identityCost: 0 }, 4);
    // Alone a third; four parts of half the score each make two of four units.
    assert.ok(Math.abs(gain - (1 / 2 - 1 / 3)) < 1e-12);
  });

  it("never pays at the identity cost computed for it", () => {
    fc.assert(
      fc.property(field, score, concavity, fc.integer({ min: 2, max: 8 }), (others, own, exponent, identities) => {
        const options = { curve, field: others, score: own, concavity: exponent };
        const identityCost = identityCostFor(options, 8);
        assert.ok(splittingGain({ ...options, identityCost }, identities) <= 1e-12);
      }),
      check,
    );
  });

  it("copies earn nothing once the gate has them, and cost their identities", () => {
    fc.assert(
      fc.property(field, score, fc.integer({ min: 1, max: 8 }), (others, own, copies) => {
        const gain = copyingGain({ curve, field: others, score: own, identityCost: 0.001 }, copies, 0);
        assert.ok(Math.abs(gain + copies * 0.001) < 1e-12);
      }),
      check,
    );
    assert.ok(
      copyingGain({ curve, field: [1, 1, 1], score: 2, identityCost: 0 }, 2, 2) > 0.2,
      "without a gate they pay",
    );
  });
});
