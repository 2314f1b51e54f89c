import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { coded } from "#tests/support/coded.js";

const values = (...shapes: readonly (readonly (number | string)[])[]): Value[] => {
  const graph = new Graph();
  return shapes.map((shape, i) => graph.input(`x${i}`, shape));
};

describe("graph", () => {
  it("names the operator and the shapes that do not fit", () => {
    const [a, b, c, n] = values([2, 3], [4, 3], [2, 3, 4], ["n", 3]);
    assert.throws(() => op.add(a!, b!), coded("GRAPH_SHAPE", "Add", "[2, 3]", "[4, 3]"));
    assert.throws(() => op.matmul(a!, b!), coded("GRAPH_SHAPE", "MatMul", "[2, 3]", "[4, 3]"));
    assert.throws(() => op.matmul(a!, a!, { transA: true, transB: true }), coded("GRAPH_SHAPE", "[2, 3]ᵀ"));
    assert.throws(() => op.reshape(c!, [5, -1]), coded("GRAPH_SHAPE", "Reshape", "[2, 3, 4]", "[5, -1]"));
    assert.throws(() => op.reshape(c!, [-1, -1]), coded("GRAPH_SHAPE", "Reshape"));
    assert.throws(() => op.transpose(c!, [0, 1]), coded("GRAPH_SHAPE", "Transpose", "[2, 3, 4]"));
    assert.throws(() => op.transpose(c!, [0, 1, 1]), coded("GRAPH_SHAPE", "Transpose"));
    assert.throws(() => op.concat([a!, b!], 1), coded("GRAPH_SHAPE", "Concat", "[4, 3]"));
    assert.throws(() => op.split(a!, [1, 1], 1), coded("GRAPH_SHAPE", "Split", "[1, 1]"));
    assert.throws(() => op.slice(a!, { axis: 1, start: 2, end: 4 }), coded("GRAPH_SHAPE", "Slice", "2…4"));
    assert.throws(() => op.expand(a!, [2, 4]), coded("GRAPH_SHAPE", "Expand"));
    assert.throws(() => op.reduceSum(a!, [2]), coded("GRAPH_SHAPE", "ReduceSum", "axis 2"));
    assert.throws(() => op.reduceMean(a!, [1, -1]), coded("GRAPH_SHAPE", "ReduceMean"));
    assert.throws(() => op.topK(a!, 4), coded("GRAPH_SHAPE", "TopK"));
    assert.throws(() => op.rmsNorm(a!, b!, 1e-6), coded("GRAPH_SHAPE", "RmsNorm"));
    assert.throws(() => op.gather(a!, b!), coded("GRAPH_SHAPE", "Gather", "float32[4, 3]"));
    assert.throws(() => op.crossEntropy(a!, b!), coded("GRAPH_SHAPE", "CrossEntropy"));
    assert.throws(() => op.rotaryEmbedding(c!, a!, a!), coded("GRAPH_SHAPE", "RotaryEmbedding"));
    assert.throws(() => op.oneHot(a!, 3), coded("GRAPH_SHAPE", "OneHot"));
    assert.throws(() => op.dispatch(a!, b!, 2), coded("GRAPH_SHAPE", "Dispatch"));
    assert.throws(() => op.add(n!, a!), coded("GRAPH_SHAPE", "[n, 3]"));
  });

  it("refuses values of another graph and repeated names", () => {
    const [a] = values([2]);
    const [b] = values([2]);
    assert.throws(() => op.add(a!, b!), coded("GRAPH_SHAPE", "another graph"));
    assert.throws(() => a!.graph.input("x0", [1]), coded("GRAPH_NAME", "x0"));
  });

  it("infers shapes, sizes of run time among them", () => {
    const [a, b, n] = values([2, 3, 4], [3, 1], ["n", 6]);
    assert.deepEqual(op.add(a!, b!).shape, [2, 3, 4]);
    assert.deepEqual(op.reshape(a!, [-1, 4]).shape, [6, 4]);
    assert.deepEqual(op.reshape(n!, [-1, 2, 3]).shape, ["n", 2, 3]);
    assert.deepEqual(op.matmul(n!, n!, { transA: true }).shape, [6, 6]);
    assert.deepEqual(op.matmul(op.reshape(a!, [6, 4]), n!, { transA: true, transB: true }).shape, [4, "n"]);
    assert.deepEqual(op.reduceSum(a!, [0, -1], { keepdims: true }).shape, [1, 3, 1]);
  });

  it("adds no node for what changes nothing", () => {
    const [a] = values([2, 3]);
    assert.equal(op.reshape(a!, [2, -1]), a);
    assert.equal(op.expand(a!, [2, 3]), a);
    assert.equal(op.scale(a!, 1), a);
    assert.equal(op.reduceSum(a!, []), a);
    const twice = op.reshape(op.reshape(a!, [6]), [3, 2]);
    assert.equal(twice.source.kind === "node" && twice.source.node.inputs[0], a);
    assert.equal(op.reshape(op.reshape(a!, [6]), [2, 3]), a);
  });

  it("shares small constants by content", () => {
    const graph = new Graph();
    assert.equal(graph.constant([1, 2], [2]), graph.constant(new Float32Array([1, 2]), [2]));
    assert.notEqual(graph.constant([1, 2], [2]), graph.constant([1, 2], [1, 2]));
    assert.notEqual(graph.constant(1), graph.constant(1, [], "int64"));
    assert.notEqual(graph.constant(0), graph.constant(-0));
  });
});

describe("autodiff", () => {
  it("names a value that the loss does not depend on", () => {
    const [a, b] = values([2], [2]);
    const loss = op.reduceSum(op.exp(a!), [0]);
    assert.throws(() => gradients(loss, [a!, b!]), coded("GRAPH_GRADIENT", '"x1"'));
    const stopped = op.reduceSum(op.stopGradient(a!), [0]);
    assert.throws(() => gradients(stopped, [a!]), coded("GRAPH_GRADIENT", '"x0"'));
  });

  it("wants a scalar loss and differentiable operators on the way", () => {
    const [a, b] = values([2], [2]);
    assert.throws(() => gradients(a!, [a!]), coded("GRAPH_GRADIENT", "float32[2]"));
    const loss = op.reduceSum(op.maximum(a!, b!), [0]);
    assert.throws(() => gradients(loss, [a!]), coded("GRAPH_GRADIENT", "Max"));
  });

  it("builds no backward product for a frozen parameter", () => {
    const products = (trained: readonly number[]) => {
      const [x, w1, w2] = values([4, 3], [3, 5], [5, 2]);
      const loss = op.reduceSum(op.matmul(op.silu(op.matmul(x!, w1!)), w2!), [0, 1]);
      gradients(
        loss,
        trained.map((i) => [x!, w1!, w2!][i]!),
      );
      return loss.graph.nodes.filter((node) => node.operator.name === "MatMul").length - 2;
    };
    assert.equal(products([2]), 1);
    assert.equal(products([1]), 2);
    assert.equal(products([1, 2]), 3);
    assert.equal(products([0, 1, 2]), 4);
  });
});
