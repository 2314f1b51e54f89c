import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Graph } from "#shared/engine/graph.js";
import { ADAMW_DEFAULTS, adamw } from "#shared/engine/optim/adamw.js";
import { clipFactor, globalNorm } from "#shared/engine/optim/clip.js";
import { nesterov } from "#shared/engine/optim/nesterov.js";
import { type FloatTensor, floatTensor, type Tensor } from "#shared/engine/tensor.js";
import { coded } from "#tests/support/coded.js";
import { device, randomFrom } from "./finite-differences.js";

const float = (tensor: Tensor | undefined): FloatTensor => {
  assert.ok(tensor?.dtype === "float32");
  return tensor;
};

describe("adamw", () => {
  it("follows the published algorithm over several steps, with weight decay, clipping factor and changing rates", async () => {
    const settings = { ...ADAMW_DEFAULTS, eps: 1e-3 };
    const { beta1, beta2, eps, weightDecay } = settings;
    const optimiser = adamw(settings);
    const size = 5;
    const graph = new Graph();
    const shape = [size];
    const [parameter, gradient, m, v] = ["p", "g", "m", "v"].map((name) => graph.input(name, shape));
    const factor = graph.input("factor", []);
    const next = optimiser.update(optimiser.declare(graph), parameter!, gradient!, { m: m!, v: v! }, { factor });
    const program = await device.compile(graph, { p: next.parameter, m: next.m, v: next.v });

    const random = randomFrom(3);
    const expected = Array.from({ length: size }, () => ({ p: random() - 0.5, m: 0, v: 0 }));
    let state = { p: floatTensor(expected.map(({ p }) => p)), ...optimiser.init(shape) };
    for (let step = 1; step <= 8; step++) {
      const learningRate = 0.1 / step;
      const g = expected.map(() => random() - 0.5);
      const scalars = optimiser.scalars(step, learningRate);
      const results = await program.run({ ...state, ...scalars, g: floatTensor(g), factor: floatTensor([0.5], []) });
      state = { p: float(results.p), m: float(results.m), v: float(results.v) };

      expected.forEach((scalar, i) => {
        const clipped = 0.5 * g[i]!;
        scalar.p *= 1 - learningRate * weightDecay;
        scalar.m = beta1 * scalar.m + (1 - beta1) * clipped;
        scalar.v = beta2 * scalar.v + (1 - beta2) * clipped ** 2;
        const corrected = Math.sqrt(scalar.v / (1 - beta2 ** step)) + eps;
        scalar.p -= (learningRate * scalar.m) / (1 - beta1 ** step) / corrected;
        assert.ok(Math.abs(state.p.data[i]! - scalar.p) < 1e-5, `step ${step}: ${state.p.data[i]} for ${scalar.p}`);
        assert.ok(Math.abs(state.m.data[i]! * (1 - beta1) - scalar.m) < 1e-6);
        assert.ok(Math.abs(state.v.data[i]! * (1 - beta2) - scalar.v) < 1e-6);
      });
    }
    await program.dispose();
  });

  it("leaves a parameter without gradient alone but for weight decay", async () => {
    const optimiser = adamw(ADAMW_DEFAULTS);
    const graph = new Graph();
    const [p, m, v] = ["p", "m", "v"].map((name) => graph.input(name, [1]));
    const at = optimiser.declare(graph);
    const zero = graph.constant([0], [1]);
    const moments = { m: m!, v: v! };
    const program = await device.compile(graph, {
      decayed: optimiser.update(at, p!, zero, moments).parameter,
      kept: optimiser.update(at, p!, zero, moments, { decay: false }).parameter,
    });
    const results = await program.run({ p: floatTensor([2]), ...optimiser.init([1]), ...optimiser.scalars(1, 0.5) });
    assert.deepEqual([...results.decayed!.data], [Math.fround(2 * 0.95)].map(Math.fround));
    assert.deepEqual([...results.kept!.data], [2]);
    await program.dispose();
  });
});

describe("clip", () => {
  it("scales a gradient of too large a global norm to the limit and no other", async () => {
    const graph = new Graph();
    const norm = globalNorm([graph.constant([3, 0], [2]), graph.constant([[0], [4]].flat(), [2, 1])]);
    const program = await device.compile(graph, { norm, hit: clipFactor(norm, 2), missed: clipFactor(norm, 10) });
    const { norm: total, hit, missed } = await program.run({});
    assert.equal(total!.data[0], 5);
    assert.equal(hit!.data[0], Math.fround(0.4));
    assert.equal(missed!.data[0], 1);
    await program.dispose();
  });
});

describe("nesterov", () => {
  it("moves along an update Δ that enters as the pseudo-gradient −Δ", () => {
    const params = new Float32Array([1, 1]);
    const delta = new Float32Array([0.5, -0.25]);
    const before = params.slice();
    nesterov.update(
      params,
      delta.map((x) => -x),
      nesterov.init([2]),
      { lr: 0.7, momentum: 0 },
    );
    assert.ok(params[0]! > before[0]! && params[1]! < before[1]!);
    assert.deepEqual(
      [...params],
      [Math.fround(1 + Math.fround(Math.fround(0.7) * 0.5)), Math.fround(1 - Math.fround(Math.fround(0.7) * 0.25))],
    );
  });

  it("equals torch.optim.SGD(nesterov=True) over several steps", () => {
    const params = new Float32Array([1]);
    const buffer = nesterov.init([1]);
    const expected = { p: 1, buffer: 0 };
    for (const g of [0.5, -0.25, 1]) {
      nesterov.update(params, new Float32Array([g]), buffer, { lr: 0.7, momentum: 0.9 });
      expected.buffer = 0.9 * expected.buffer + g;
      expected.p -= 0.7 * (g + 0.9 * expected.buffer);
      assert.ok(Math.abs(params[0]! - expected.p) < 1e-6);
      assert.ok(Math.abs(buffer[0]! - expected.buffer) < 1e-6);
    }
  });

  it("rounds every operation to float32 by itself, whatever the length", () => {
    const { fround } = Math;
    const wave = (length: number, size: number) => Float32Array.from({ length }, (_, i) => size * Math.sin(i * size));
    for (const length of [1, 4096, 9001])
      for (const maximize of [false, true]) {
        const [params, gradient, buffer] = [wave(length, 1), wave(length, 1e-3), wave(length, 1e-2)];
        const expected = Array.from(params, (p, i) => {
          const g = maximize ? -gradient[i]! : gradient[i]!;
          const velocity = fround(fround(fround(0.9) * buffer[i]!) + g);
          return [fround(p - fround(fround(0.7) * fround(g + fround(fround(0.9) * velocity)))), velocity] as const;
        });
        const before = gradient.slice();
        nesterov.update(params, gradient, buffer, { lr: 0.7, momentum: 0.9, maximize });
        assert.deepEqual(
          [...params],
          expected.map(([p]) => p),
        );
        assert.deepEqual(
          [...buffer],
          expected.map(([, velocity]) => velocity),
        );
        assert.deepEqual(gradient, before);
      }
  });

  it("with rate 1 and no momentum takes over the update as it is", () => {
    const params = new Float32Array([0.1, 0.2]);
    nesterov.update(params, new Float32Array([-0.25, 0.5]), nesterov.init([2]), { lr: 1, momentum: 0 });
    assert.deepEqual([...params], [Math.fround(Math.fround(0.1) + 0.25), Math.fround(Math.fround(0.2) - 0.5)]);
  });

  it("refuses arrays of different lengths", () => {
    const update = () =>
      nesterov.update(new Float32Array(2), new Float32Array(3), new Float32Array(2), { lr: 1, momentum: 0 });
    assert.throws(update, coded("OPTIM_SHAPE"));
  });
});
