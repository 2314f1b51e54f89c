import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Graph, type Value } from "#shared/engine/graph.js";
import { lower } from "#shared/engine/onnx/lower.js";
import * as op from "#shared/engine/ops/index.js";

type Build = (x: Value, w: Value) => Readonly<Record<string, Value>>;

const lowered = (build: Build) => {
  const graph = new Graph();
  return lower(graph, build(graph.input("x", [3, 2]), graph.input("w", [2, 2])));
};

const typesOf = (build: Build) => lowered(build).nodes.map(({ type }) => type);

describe("lower", () => {
  it("joins products to the sum that alone uses them", () => {
    const { nodes, outputNames } = lowered((x, w) => ({
      y: op.add(op.add(x, op.matmul(x, w, { alpha: 2 })), op.matmul(x, w, { transB: true })),
    }));
    assert.deepEqual(
      nodes.map(({ type, inputs }) => [type, ...inputs.slice(0, 2)]),
      [
        ["Gemm", "x", "w"],
        ["Gemm", "x", "w"],
      ],
    );
    const [first, second] = nodes;
    assert.equal(first?.inputs[2], "x");
    assert.deepEqual(first?.attributes.alpha, { kind: "float", value: 2 });
    assert.equal(second?.inputs[2], first?.outputs[0]);
    assert.deepEqual(second?.outputs, [outputNames.y]);
  });

  it("leaves a product alone that something else reads, that broadcasts, or that is no matrix", () => {
    const used = (x: Value, w: Value) => {
      const product = op.matmul(x, w);
      return { y: op.mul(op.add(x, product), product) };
    };
    const given = (x: Value, w: Value) => {
      const product = op.matmul(x, w);
      return { y: op.add(x, product), product };
    };
    const row = (x: Value, w: Value) => ({ y: op.add(op.matmul(x, w), op.reduceSum(x, [0])) });
    const batched = (x: Value, w: Value) => {
      const batch = op.reshape(x, [1, 3, 2]);
      return { y: op.add(op.matmul(batch, w), batch) };
    };
    for (const build of [used, given, row, batched]) {
      const types = typesOf(build);
      assert.ok(types.includes("FusedMatMul") && types.includes("Add") && !types.includes("Gemm"), `${types}`);
    }
  });

  it("adds a product to itself", () => {
    assert.deepEqual(
      typesOf((x, w) => {
        const product = op.matmul(x, w);
        return { y: op.add(product, product) };
      }),
      ["FusedMatMul", "Add"],
    );
  });

  it("names outputs by their keys, unlike inputs and each other", () => {
    const graph = new Graph();
    const x = graph.input("output/y", [2]);
    const y = op.exp(x);
    const { outputNames, nodes } = lower(graph, { y, same: y, x });
    const names = Object.values(outputNames);
    assert.equal(new Set([...names, x.name]).size, 4);
    for (const name of names) assert.equal(nodes.filter(({ outputs }) => outputs.includes(name)).length, 1);
  });
});
