import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { gradients } from "#shared/engine/autodiff.js";
import type { Tensors } from "#shared/engine/device.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor, intTensor } from "#shared/engine/tensor.js";
import { device, randomFrom } from "./finite-differences.js";

const compute = async (
  build: (graph: Graph) => Record<string, Value>,
  feeds: Tensors = {},
): Promise<Record<string, number[]>> => {
  const graph = new Graph();
  const program = await device.compile(graph, build(graph));
  try {
    const results = await program.run(feeds);
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
  } finally {
    await program.dispose();
  }
};

const close = (actual: readonly number[] | undefined, expected: readonly number[], tolerance = 1e-5) => {
  assert.equal(actual?.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual![i]! - value) <= tolerance, `element ${i}: ${actual![i]}, expected ${value}`);
  });
};

describe("operators", () => {
  it("compute what their names say", async () => {
    const results = await compute((g) => {
      const x = g.constant([1, -2, 3, -4, 5, -6], [2, 3]);
      const logits = g.constant([1, 2, 3, 1000, 0, -1000], [2, 3]);
      return {
        silu: op.silu(x),
        softmax: op.softmax(logits),
        losses: op.tokenLosses(logits, g.constant([2, 1], [2], "int64")),
        loss: op.crossEntropy(logits, g.constant([2, 1], [2], "int64")),
        norm: op.rmsNorm(x, g.constant([1, 2, 3], [3]), 0),
        values: op.topK(x, 2).values,
        indices: op.topK(x, 2).indices,
        oneHot: op.oneHot(g.constant([2, 0], [2], "int64"), 3),
        cast: op.cast(op.cast(g.constant([1.9, -1.9], [2]), "int64"), "float32"),
        floor: op.floor(g.constant([1.9, -1.9, 2, -2], [4])),
        maximum: op.maximum(x, g.constant(0)),
        middle: op.slice(x, { axis: -1, start: 1, end: 2 }),
        zeros: op.zerosLike(x),
      };
    });
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    close(
      results.silu,
      [1, -2, 3, -4, 5, -6].map((x) => x * sigmoid(x)),
    );
    const e = [1, 2, 3].map(Math.exp);
    const total = e[0]! + e[1]! + e[2]!;
    close(results.softmax, [...e.map((x) => x / total), 1, 0, 0]);
    close(results.losses, [Math.log(total) - 3, 1000], 1e-4);
    close(results.loss, [(Math.log(total) - 3 + 1000) / 2], 1e-3);
    const [r, s] = [Math.sqrt(14 / 3), Math.sqrt(77 / 3)];
    close(results.norm, [1 / r, -4 / r, 9 / r, -4 / s, 10 / s, -18 / s]);
    assert.deepEqual(results.values, [3, 1, 5, -4]);
    assert.deepEqual(results.indices, [2, 0, 1, 0]);
    assert.deepEqual(results.oneHot, [0, 0, 1, 1, 0, 0]);
    assert.deepEqual(results.cast, [1, -1]);
    assert.deepEqual(results.floor, [1, -2, 2, -2]);
    assert.deepEqual(results.maximum, [1, 0, 3, 0, 5, 0]);
    assert.deepEqual(results.middle, [-2, 5]);
    assert.deepEqual(results.zeros, [0, 0, 0, 0, 0, 0]);
  });

  it("rotaryEmbedding is x ∘ cos + rotate_half(x) ∘ sin, with tables of either width", async () => {
    const [t, d] = [3, 4];
    const random = randomFrom(5);
    const x = Array.from({ length: 2 * t * d }, () => random());
    const angles = Array.from({ length: t * 2 }, () => 6 * random());
    const full = Array.from({ length: t * d }, (_, i) => angles[Math.floor(i / d) * 2 + (i % 2)]!);
    const results = await compute((g) => {
      const input = g.constant(x, [1, 2, t, d]);
      const table = (values: readonly number[], f: (x: number) => number) =>
        g.constant(values.map(f), [t, values.length / t]);
      const rotate = (values: readonly number[]) =>
        op.rotaryEmbedding(input, table(values, Math.cos), table(values, Math.sin));
      const [left, right] = op.split(input, [2, 2], -1);
      const half = op.concat([op.neg(right!), left!], -1);
      const composed = op.add(op.mul(input, table(full, Math.cos)), op.mul(half, table(full, Math.sin)));
      return { half: rotate(angles), full: rotate(full), composed };
    });
    close(results.half, results.composed!);
    close(results.full, results.composed!);
  });

  it("leaves a target of −1 out of crossEntropy and of its gradient; where none counts the loss is 0", async () => {
    const { loss, none, losses, gradient } = await compute(
      (g) => {
        const logits = g.input("logits", [3, 2]);
        const targets = g.constant([0, -1, 1], [3], "int64");
        const loss = op.crossEntropy(logits, targets);
        const none = op.crossEntropy(logits, g.constant([-1, -1, -1], [3], "int64"));
        const [gradient] = gradients(op.add(loss, none), [logits]);
        return { loss, none, losses: op.tokenLosses(logits, targets), gradient: gradient! };
      },
      { logits: floatTensor([0, 0, 5, -5, 0, 0], [3, 2]) },
    );
    close(loss, [Math.LN2]);
    close(none, [0]);
    close(losses, [Math.LN2, 0, Math.LN2]);
    close(gradient, [-0.25, 0.25, 0, 0, 0.25, -0.25]);
  });

  it("gradient of crossEntropy is (softmax − onehot) / n, also where softmax underflows", async () => {
    const { gradient } = await compute(
      (g) => {
        const logits = g.input("logits", [2, 3]);
        const [gradient] = gradients(op.crossEntropy(logits, g.constant([0, 2], [2], "int64")), [logits]);
        return { gradient: gradient! };
      },
      { logits: floatTensor([0, 0, 0, 1000, 0, -1000], [2, 3]) },
    );
    close(gradient, [-1 / 3, 1 / 6, 1 / 6, 0.5, 0, -0.5]);
  });

  it("loses no row of equal index in an embedding's gradient, on several threads", async () => {
    const [count, width] = [20_000, 32];
    const graph = new Graph();
    const table = graph.input("table", [3, width]);
    const ids = graph.input("ids", [count], "int64");
    const [gradient] = gradients(op.reduceSum(op.gather(table, ids), [0, 1]), [table]);
    const program = await onnxCpu({ threads: 2 }).compile(graph, { gradient: gradient! });
    const feeds = {
      table: floatTensor(new Float32Array(3 * width), [3, width]),
      ids: intTensor(Array.from({ length: count }, (_, i) => i % 2)),
    };
    const result = await program.run(feeds);
    const rows = [count / 2, count / 2, 0].flatMap((sum) => Array.from({ length: width }, () => sum));
    assert.deepEqual(Array.from(result.gradient!.data, Number), rows);
    await program.dispose();
  });

  it("stopGradient makes a constant of its operand", async () => {
    const { slope } = await compute(
      (g) => {
        const x = g.input("x", [2]);
        const [slope] = gradients(op.reduceSum(op.mul(x, op.stopGradient(x)), [0]), [x]);
        return { slope: slope! };
      },
      { x: floatTensor([3, -4]) },
    );
    assert.deepEqual(slope, [3, -4]);
  });

  it("dispatch gives every expert its tokens in order and combine undoes it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 3, max: 5 }),
        fc.nat(),
        async (tokens, choices, experts, seed) => {
          const random = randomFrom(seed);
          const chosen = Array.from({ length: tokens * choices }, () => Math.floor(random() * experts));
          const x = Array.from({ length: tokens }, (_, token) => [token, -token]).flat();
          const results = await compute((g) => {
            const { sorted, counts, join, split, combine } = op.dispatch(
              g.constant(x, [tokens, 2]),
              g.constant(chosen, [tokens, choices], "int64"),
              experts,
            );
            const rows = split(sorted);
            const tagged = rows.map((row, id) => op.add(row, g.constant(100 * id)));
            const named = Object.fromEntries(rows.map((row, id) => [`rows${id}`, row]));
            return { ...named, counts, combined: combine(join(tagged)) };
          });
          const pairs = chosen.map((expert, pair) => ({ expert, token: Math.floor(pair / choices) }));
          for (let id = 0; id < experts; id++) {
            const mine = pairs.filter(({ expert }) => expert === id);
            assert.equal(results.counts![id], mine.length);
            close(
              results[`rows${id}`],
              mine.flatMap(({ token }) => [token, -token]),
            );
          }
          close(
            results.combined,
            pairs.flatMap(({ expert, token }) => [token + 100 * expert, -token + 100 * expert]),
          );
        },
      ),
      { seed: 7, numRuns: 12 },
    );
  });

  it("an expert without tokens has a zero gradient", async () => {
    const { first, idle } = await compute(
      (g) => {
        const weights = ["first", "idle"].map((name) => g.input(name, [2, 2]));
        const x = g.constant([1, 2, 3, 4], [2, 2]);
        const { sorted, join, split, combine } = op.dispatch(x, g.constant([0, 0], [2, 1], "int64"), 2);
        const y = combine(join(split(sorted).map((row, id) => op.matmul(row, weights[id]!))));
        const [first, idle] = gradients(op.reduceSum(y, [0, 1, 2]), weights);
        return { first: first!, idle: idle! };
      },
      { first: floatTensor([1, 0, 0, 1], [2, 2]), idle: floatTensor([1, 0, 0, 1], [2, 2]) },
    );
    assert.deepEqual(first, [4, 4, 6, 6]);
    assert.deepEqual(idle, [0, 0, 0, 0]);
  });
});
