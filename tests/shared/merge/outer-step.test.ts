import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { outerStepOfTensor } from "#shared/merge/outer-step.js";

const drawn = (seed: string, size = 1): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length: 12 }, () => size * (random.next() - 0.5));
};
const fresh = () => ({ weights: drawn("base"), momentum: new Float32Array(12) });
const diloco = { lr: 0.7, momentum: 0.9 };

describe("outer step", () => {
  it("adds the update itself at rate one without momentum, and leaves the update as it was", () => {
    const state = fresh();
    const delta = drawn("delta", 0.1);
    outerStepOfTensor(state, delta, { lr: 1, momentum: 0 });
    assert.deepEqual(
      state.weights,
      drawn("base").map((value, i) => value + delta[i]!),
    );
    assert.deepEqual(delta, drawn("delta", 0.1));
  });

  it("is PyTorch's SGD with Nesterov momentum on −Δ, three steps long", () => {
    const { lr, momentum: mu } = diloco;
    const state = fresh();
    let parameter = state.weights[7]!;
    let buffer = 0;
    for (const step of [1, 2, 3]) {
      const delta = drawn(`step ${step}`, 0.1);
      outerStepOfTensor(state, delta, diloco);
      const gradient = -delta[7]!;
      buffer = step === 1 ? gradient : mu * buffer + gradient;
      parameter -= lr * (gradient + mu * buffer);
      assert.ok(Math.abs(state.weights[7]! - parameter) < 1e-7, `weight after step ${step}`);
      assert.ok(Math.abs(state.momentum[7]! - buffer) < 1e-7, `momentum after step ${step}`);
    }
  });

  it("begins the buffer anew without momentum, so that the next step keeps nothing of what came before", () => {
    const state = { ...fresh(), momentum: drawn("old", 5) };
    const delta = drawn("delta", 0.1);
    outerStepOfTensor(state, delta, { lr: 1, momentum: 0 });
    assert.deepEqual(
      state.momentum,
      delta.map((value) => -value),
    );
  });

  it("keeps going in the direction of past updates", () => {
    const state = fresh();
    const delta = drawn("x", 0.1);
    outerStepOfTensor(state, delta, diloco);
    const first = state.weights.slice();
    outerStepOfTensor(state, new Float32Array(12), diloco);
    for (const [i, value] of state.weights.entries()) assert.equal(Math.sign(value - first[i]!), Math.sign(delta[i]!));
  });
});
