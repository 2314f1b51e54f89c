import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pullBack } from "#shared/engine/autodiff.js";
import type { Subgraph } from "#shared/engine/cut.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { supply } from "#shared/engine/supply.js";
import { floatTensor } from "#shared/engine/tensor.js";

const device = onnxCpu({ threads: 1 });

const run = async (
  { graph, outputs }: Subgraph,
  feeds: Parameters<Awaited<ReturnType<typeof device.compile>>["run"]>[0],
) => {
  const program = await device.compile(graph, outputs);
  const results = await program.run(feeds);
  await program.dispose();
  return results;
};

const products = ({ graph }: Subgraph) => graph.nodes.filter(({ operator }) => operator.name === "MatMul").length;

/** The gradients of y = silu(x · a) · b by x, a and b. */
const example = () => {
  const graph = new Graph();
  const [x, a, b, given] = ["x", "a", "b", "given"].map((name) => graph.input(name, [2, 2]));
  const middle = op.matmul(x!, a!);
  const y = op.matmul(op.silu(middle), b!);
  const [byX, byA, byB] = pullBack(graph.nodes.slice(), y, given!, [x!, a!, b!]);
  return { graph, middle, y, outputs: { byX: byX!, byA: byA!, byB: byB! } };
};

const feeds = {
  x: floatTensor([1, 2, 3, 4], [2, 2]),
  a: floatTensor([0.1, -0.3, 0.7, 0.2], [2, 2]),
  b: floatTensor([3, 1, -1, 2], [2, 2]),
  given: floatTensor([1, -1, 0.5, 2], [2, 2]),
};

describe("a graph that is given what was made before", () => {
  it("gives the same, and makes it and what only it is made of no more", async () => {
    const { graph, middle, outputs } = example();
    const whole = { graph, outputs };
    const rest = supply(whole, new Map([[middle, "middle"]]));
    const { made } = await run({ graph, outputs: { made: middle } }, { x: feeds.x, a: feeds.a });
    assert.deepEqual(await run(rest, { ...feeds, middle: made! }), await run(whole, feeds));
    // Of five products the first is given, and the last one nobody asks for.
    assert.deepEqual([products(whole), products(rest)], [6, 4]);
  });

  it("has a value that is asked for as an input of its own", async () => {
    const { graph, middle, y } = example();
    const rest = supply({ graph, outputs: { middle, y } }, new Map([[middle, "middle"]]));
    const results = await run(rest, { ...feeds, middle: floatTensor([0, 0, 0, 0], [2, 2]) });
    assert.deepEqual([...(results.middle!.data as Float32Array)], [0, 0, 0, 0]);
    assert.deepEqual([...(results.y!.data as Float32Array)], [0, 0, 0, 0]);
  });

  it("is the graph itself where nothing is given", async () => {
    const { graph, outputs } = example();
    assert.deepEqual(await run(supply({ graph, outputs }, new Map()), feeds), await run({ graph, outputs }, feeds));
  });
});
