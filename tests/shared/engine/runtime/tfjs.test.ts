import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { Graph, type Operator, type Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { tfjs } from "#shared/engine/runtime/tfjs/tfjs.js";
import { intTensor, zeros } from "#shared/engine/tensor.js";
import { coded } from "#tests/support/coded.js";
import { gradientCases } from "../gradient-cases.js";
import { buildCase } from "./parity.js";

const device = await tfjs();

describe("TensorFlow.js", () => {
  it("frees every tensor it makes", async () => {
    for (const each of gradientCases) {
      const before = tf.memory().numTensors;
      const { graph, feeds, outputs } = buildCase(each);
      const program = await device.compile(graph, outputs);
      const held = await device.upload(zeros([3]));
      await program.run(feeds);
      held.dispose();
      await program.dispose();
      assert.equal(tf.memory().numTensors, before, each.name);
    }
  });

  it("frees them when a run fails too", async () => {
    const graph = new Graph();
    const ids = graph.input("ids", ["n"], "int64");
    const program = await device.compile(graph, { y: op.exp(op.gather(graph.input("table", [2, 2]), ids)) });
    const before = tf.memory().numTensors;
    const tooLarge = { table: zeros([2, 2]), ids: intTensor(BigInt64Array.of(2n ** 40n)) };
    await assert.rejects(program.run(tooLarge), coded("GRAPH_FEED", "1099511627776"));
    assert.equal(tf.memory().numTensors, before);
    await program.dispose();
  });

  it("refuses an operator that it has no kernel for when it compiles", async () => {
    const exotic: Operator<readonly [Value], readonly [Value]> = {
      name: "Exotic",
      infer: ([x]) => [x],
      lower: (node, emit) => emit.node("Erf", node.inputs, node.outputs),
    };
    const graph = new Graph();
    const [y] = graph.apply(exotic, [graph.input("x", [2])]);
    await assert.rejects(device.compile(graph, { y }), coded("GRAPH_COMPILE", "Erf"));
  });
});
