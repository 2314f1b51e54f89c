import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FloatTensors } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import { floatTensor } from "#shared/engine/tensor.js";
import type { Parameters } from "#shared/model/parameters.js";
import { type Contribution, type OuterState, outerStep } from "#shared/training/outer-step.js";

const SHAPES = { a: [3, 4], b: [5], c: [2, 2] } as const;

const tensors = (seed: string, size = 1): Parameters => {
  const random = createRandom(seed);
  return Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => {
      const length = shape.reduce((product: number, side) => product * side, 1);
      return [
        name,
        floatTensor(
          Array.from({ length }, () => size * (random.next() - 0.5)),
          shape,
        ),
      ];
    }),
  );
};

const asMap = (parameters: Parameters): FloatTensors => new Map(Object.entries(parameters));
const contribution = (seed: string, share: number): Contribution => ({ tensors: asMap(tensors(seed, 0.1)), share });
const merge = { rule: "weighted-mean", clip: "none" } as const;
const plain = { outer_lr: 1, outer_momentum: 0, merge };
const diloco = { outer_lr: 0.7, outer_momentum: 0.9, merge };
const bits = (parameters: Parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, [...new Uint32Array(data.buffer)]]));

describe("outer step", () => {
  it("adds the update itself at rate one without momentum", () => {
    const base = tensors("base");
    const delta = tensors("delta", 0.1);
    const { weights } = outerStep({ weights: base, momentum: null }, [{ tensors: asMap(delta), share: 1 }], plain);
    for (const [name, { data }] of Object.entries(weights))
      assert.deepEqual(
        data,
        base[name]!.data.map((value, i) => value + delta[name]!.data[i]!),
      );
  });

  it("is PyTorch's SGD with Nesterov momentum on −Δ, three steps long", () => {
    const { outer_lr: lr, outer_momentum: mu } = diloco;
    let state: OuterState = { weights: tensors("base"), momentum: null };
    let parameter = state.weights.a!.data[7]!;
    let buffer = 0;
    for (const step of [1, 2, 3]) {
      const update = contribution(`step ${step}`, 1);
      state = outerStep(state, [update], diloco);
      const gradient = -update.tensors.get("a")!.data[7]!;
      buffer = step === 1 ? gradient : mu * buffer + gradient;
      parameter -= lr * (gradient + mu * buffer);
      assert.ok(Math.abs(state.weights.a!.data[7]! - parameter) < 1e-7, `weight after step ${step}`);
      assert.ok(Math.abs(state.momentum!.a!.data[7]! - buffer) < 1e-7, `momentum after step ${step}`);
    }
  });

  it("keeps going in the direction of past updates", () => {
    const first = outerStep({ weights: tensors("base"), momentum: null }, [contribution("x", 1)], diloco);
    const still: Contribution = {
      share: 1,
      tensors: new Map(
        [...contribution("x", 1).tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => 0) }]),
      ),
    };
    const second = outerStep(first, [still], diloco);
    const delta = contribution("x", 1).tensors.get("b")!.data;
    for (const [i, value] of second.weights.b!.data.entries())
      assert.equal(Math.sign(value - first.weights.b!.data[i]!), Math.sign(delta[i]!));
  });

  it("takes the mean by shares", () => {
    const base = tensors("base");
    const { weights } = outerStep(
      { weights: base, momentum: null },
      [contribution("x", 0.75), contribution("y", 0.25)],
      plain,
    );
    const [x, y] = ["x", "y"].map((seed) => tensors(seed, 0.1));
    for (const [name, { data }] of Object.entries(weights)) {
      const expected = base[name]!.data.map(
        (value, i) => value + Math.fround(0.75 * x![name]!.data[i]! + 0.25 * y![name]!.data[i]!),
      );
      assert.deepEqual(data, expected);
    }
  });

  it("does not depend on the order of tensors", () => {
    const state = { weights: tensors("base"), momentum: tensors("momentum", 0.1) };
    const updates = [contribution("x", 0.6), contribution("y", 0.4)];
    const turned = (parameters: Parameters) => Object.fromEntries(Object.entries(parameters).reverse());
    const ahead = outerStep(state, updates, diloco);
    const back = outerStep(
      { weights: turned(state.weights), momentum: turned(state.momentum) },
      updates.map(({ tensors, share }) => ({ tensors: new Map([...tensors].reverse()), share })),
      diloco,
    );
    assert.deepEqual(bits(turned(back.weights)), bits(ahead.weights));
    assert.deepEqual(bits(turned(back.momentum)), bits(ahead.momentum));
  });

  it("leaves its inputs alone, and takes no momentum for zero momentum", () => {
    const weights = tensors("base");
    const momentum = Object.fromEntries(
      Object.entries(weights).map(([name, { shape, data }]) => [
        name,
        floatTensor(new Float32Array(data.length), shape),
      ]),
    );
    const updates = [contribution("x", 1)];
    const fromZero = outerStep({ weights, momentum }, updates, diloco);
    assert.deepEqual(bits(weights), bits(tensors("base")));
    assert.ok(Object.values(momentum).every(({ data }) => data.every((value) => value === 0)));
    assert.deepEqual(outerStep({ weights, momentum: null }, updates, diloco), fromZero);
  });
});
