import assert from "node:assert/strict";
import { test } from "node:test";
import { addEvidence, NO_TRIALS, SPRTS, sprtRatio, sprtVerdict } from "#shared/sprint/proof/sprt.js";
import { sprtSteps } from "#shared/util/sprt-steps.js";
import { indifference, sprtPower, waldTrials } from "./sprt-power.js";

test("bounds are ln(.99/1e-4) and ln(.01/.9999)", () => {
  for (const sprt of Object.values(SPRTS)) {
    const { bad, good } = sprtSteps(sprt);
    assert.deepEqual([bad, good], [9_200_290, -4_605_070]);
  }
});

test("Wald's mean trials and the indifferent rate of each test", () => {
  const figures = Object.values(SPRTS).map((sprt) => {
    const { good, bad } = waldTrials(sprt);
    return [good.toFixed(0), bad.toFixed(0), (100 * indifference(sprt)).toFixed(2)];
  });
  assert.deepEqual(figures, [
    ["235", "105", "0.38"],
    ["284", "221", "0.64"],
    ["133", "127", "1.97"],
  ]);
});

test("exact error rates are within the bounds that the tests promise", () => {
  const figures = Object.values(SPRTS).map((sprt) => {
    const [good, bad] = [sprtPower(sprt, sprt.honest), sprtPower(sprt, sprt.cheat)];
    assert.ok(good.bad <= sprt.alpha / (1 - sprt.beta), `${good.bad}`);
    assert.ok(1 - bad.bad <= sprt.beta / (1 - sprt.alpha), `${1 - bad.bad}`);
    return [good.bad.toExponential(1), (1 - bad.bad).toFixed(4), good.meanTrials.toFixed(0), bad.meanTrials.toFixed(0)];
  });
  assert.deepEqual(figures, [
    ["3.0e-5", "0.0098", "236", "129"],
    ["3.9e-5", "0.0100", "285", "249"],
    ["4.7e-5", "0.0097", "134", "140"],
  ]);
});

test("evidence adds up over samples, begins anew after a verdict, and is two integers", () => {
  const sprt = SPRTS.floatSameClass;
  let state = NO_TRIALS;
  for (let sample = 0; sample < 4; sample++) {
    const next = addEvidence(sprt, state, { trials: 50, mismatches: 0 });
    assert.equal(next.verdict, "open");
    state = next.state;
  }
  assert.deepEqual(state, { trials: 200, mismatches: 0 });
  assert.deepEqual(addEvidence(sprt, state, { trials: 50, mismatches: 0 }), { state: NO_TRIALS, verdict: "good" });
  assert.equal(addEvidence(sprt, state, { trials: 50, mismatches: 1 }).verdict, "open");
  assert.deepEqual(addEvidence(sprt, state, { trials: 50, mismatches: 3 }), { state: NO_TRIALS, verdict: "bad" });
  assert.ok(Number.isInteger(sprtRatio(sprt, { trials: 999_999, mismatches: 12_345 })));
  assert.equal(sprtVerdict(sprt, { trials: 2, mismatches: 2 }), "bad");
});

test("the rate between is not decided for one side", () => {
  const sprt = SPRTS.floatMixed;
  const { bad } = sprtPower(sprt, indifference(sprt));
  assert.ok(bad > 0.2 && bad < 0.6, `${bad}`);
});
