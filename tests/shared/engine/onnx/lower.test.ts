import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Graph } from "#shared/engine/graph.js";
import { lower } from "#shared/engine/onnx/lower.js";
import * as op from "#shared/engine/ops/index.js";

describe("lower", () => {
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
