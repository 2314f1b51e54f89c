import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cutGraph, type Subgraph } from "#shared/engine/cut.js";
import type { Tensors } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { floatTensor, intTensor } from "#shared/engine/tensor.js";

const device = onnxCpu({ threads: 1 });

const runPart = async ({ graph, outputs }: Subgraph, feeds: Tensors) => {
  const program = await device.compile(graph, outputs);
  const known = new Set(graph.inputs.map(({ name }) => name));
  const results = await program.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))));
  await program.dispose();
  return results;
};

/** y = (x · a) · b + sum(rows of x), of which the first product and the sum know nothing of b. */
const example = () => {
  const graph = new Graph();
  const [x, a, b] = ["x", "a", "b"].map((name) => graph.input(name, [2, 2]));
  const first = op.matmul(x!, a!);
  const picked = op.gather(x!, graph.constant([1, 0], [2], "int64"));
  const scaled = op.add(op.matmul(first, b!), op.mul(picked, graph.constant([0.5, -2], [2])));
  return { graph, outputs: { scaled, first, x: x!, sum: op.reduceSum(scaled, [0, 1]) } };
};

const feeds = {
  x: floatTensor([1, 2, 3, 4], [2, 2]),
  a: floatTensor([0.1, -0.3, 0.7, 0.2], [2, 2]),
  b: floatTensor([3, 1, -1, 2], [2, 2]),
};

describe("a cut graph", () => {
  it("gives what the whole gives, its outputs of either side and its inputs", async () => {
    const whole = example();
    const { fixed, varying } = cutGraph(whole, new Set(["b"]));
    const crossing = await runPart(fixed, { x: feeds.x, a: feeds.a });
    assert.deepEqual(await runPart(varying, { ...crossing, ...feeds }), await runPart(whole, feeds));
  });

  it("leaves before the cut what does not depend on the varying inputs, and only what somebody needs", () => {
    const whole = example();
    op.exp(op.matmul(whole.outputs.x, whole.outputs.first)); // nobody asks for these
    const { fixed, varying } = cutGraph(whole, new Set(["b"]));
    const names = (part: Subgraph) => part.graph.nodes.map(({ operator }) => operator.name);
    assert.deepEqual(names(varying), ["MatMul", "Add", "ReduceSum"]);
    assert.deepEqual(
      Object.values(fixed.outputs).map(({ source }) => source.kind === "node" && source.node.operator.name),
      ["MatMul", "Mul"],
    );
  });

  it("may have nothing on one side", async () => {
    const whole = example();
    const expected = await runPart(whole, feeds);
    const none = cutGraph(whole, new Set());
    assert.equal(none.varying.graph.nodes.length, 0);
    assert.deepEqual(await runPart(none.varying, { ...(await runPart(none.fixed, feeds)), x: feeds.x }), expected);
    const all = cutGraph(whole, new Set(["x"]));
    assert.deepEqual(all.fixed.outputs, {});
    assert.deepEqual(await runPart(all.varying, feeds), expected);
  });

  it("carries over sizes that are only known when it runs, zero among them", async () => {
    const graph = new Graph();
    const x = graph.input("x", [3, 2]);
    const weight = graph.input("weight", [2, 2]);
    const { sorted, join, split, combine } = op.dispatch(x, graph.input("chosen", [3, 1], "int64"), 2);
    const whole = { graph, outputs: { y: combine(join(split(sorted).map((each) => op.matmul(each, weight)))) } };
    const { fixed, varying } = cutGraph(whole, new Set(["weight"]));
    for (const chosen of [
      [0, 1, 1],
      [1, 1, 1],
    ]) {
      const all = { x: floatTensor([1, 2, 3, 4, 5, 6], [3, 2]), chosen: intTensor(chosen, [3, 1]), weight: feeds.a };
      const crossing = await runPart(fixed, all);
      assert.deepEqual(await runPart(varying, { ...crossing, weight: feeds.a }), await runPart(whole, all));
    }
  });
});
