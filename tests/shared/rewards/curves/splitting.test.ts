import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { rewardCurve } from "#shared/rewards/curves/reward-curve.js";
import {
  concavityOf,
  exponentAgainst,
  identityCostFor,
  mostGainOf,
  splittingGain,
} from "#shared/rewards/curves/splitting.js";

const curve = rewardCurve({ curve: "top-n", n: 5, decay: { ratio: 2 }, floor: 0 });
const proportional = rewardCurve({ curve: "proportional", exponent: 1 });
const concavity = fc.double({ min: 0.2, max: 1, noNaN: true });
const score = fc.double({ min: 0.01, max: 5, noNaN: true });
const field = fc.array(score, { maxLength: 30 });
const parts = fc.integer({ min: 2, max: 8 });
const usual = rewardCurve(DEFAULT_CURVE);
const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
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

  it("gains under a power of the score what the closed form says, most where the others weigh √x times the whole", () => {
    fc.assert(
      fc.property(
        concavity,
        fc.double({ min: 0.2, max: 6, noNaN: true }),
        parts,
        field,
        score,
        (c, e, k, others, own) => {
          const options = { curve: rewardCurve({ curve: "proportional", exponent: e }), concavity: c, identityCost: 0 };
          const x = k ** (1 - c * e);
          const [whole, rest] = [own ** e, others.reduce((sum, other) => sum + other ** e, 0)];
          const gain = splittingGain({ ...options, field: others, score: own }, k);
          close(gain, (x * whole) / (x * whole + rest) - whole / (whole + rest));
          const most = mostGainOf(e, c, k);
          assert.ok(gain <= most + 1e-9, `${gain} > ${most}`);
          if (x > 1) close(splittingGain({ ...options, field: [own * x ** (1 / (2 * e))], score: own }, k), most);
          else assert.equal(most, 0);
        },
      ),
      check,
    );
  });

  it("needs an exponent of one over the concavity, which is read off what a part scores", () => {
    fc.assert(
      fc.property(concavity, parts, (c, k) => {
        close(concavityOf(k ** -c, k), c);
        assert.equal(mostGainOf(exponentAgainst(c) * 1.001, c, k), 0);
        assert.ok(mostGainOf(exponentAgainst(c) * 0.99, c, k) > 0);
      }),
      check,
    );
    assert.deepEqual([concavityOf(0, 2), concavityOf(1.2, 2)], [Number.POSITIVE_INFINITY, 0]);
  });

  it("never pays under the default curve, in any field, for any concavity from 0.4 on, at any cost of an identity", () => {
    const common = fc.double({ min: 0.4, max: 1, noNaN: true });
    const cost = fc.double({ min: 0, max: 0.1, noNaN: true });
    fc.assert(
      fc.property(common, field, score, parts, cost, (c, others, own, k, identityCost) => {
        const gain = splittingGain({ curve: usual, field: others, score: own, concavity: c, identityCost }, k);
        assert.ok(gain <= 1e-12, `${gain} with ${k} parts`);
      }),
      { ...check, numRuns: 2000 },
    );
    assert.ok(splittingGain({ curve: usual, field: [1], score: 1, concavity: 0.3, identityCost: 0 }, 8) > 0);
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
});
