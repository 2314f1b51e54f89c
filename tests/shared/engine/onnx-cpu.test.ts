import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Program } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import { serialise } from "#shared/engine/onnx/serialise.js";
import * as op from "#shared/engine/ops/index.js";
import { floatTensor, intTensor, zeros } from "#shared/engine/tensor.js";
import { coded } from "#tests/support/coded.js";
import { device } from "./finite-differences.js";

describe("onnxCpu", () => {
  let program: Program;
  const table = floatTensor([1, 2, 3, 4, 5, 6], [3, 2]);
  const ids = intTensor([2, 0]);

  before(async () => {
    const graph = new Graph();
    const rows = op.gather(graph.input("table", [3, 2]), graph.input("ids", ["n"], "int64"));
    graph.input("unused", [1]);
    program = await device.compile(graph, { rows, doubled: op.scale(rows, 2) });
  });
  after(() => program.dispose());

  it("runs, with sizes known only then, and ignores inputs that nothing needs", async () => {
    const { rows, doubled } = await program.run({ table, ids, unused: floatTensor([0]) });
    assert.deepEqual(rows, floatTensor([5, 6, 1, 2], [2, 2]));
    assert.deepEqual(doubled, floatTensor([10, 12, 2, 4], [2, 2]));
    const one = await program.run({ table, ids: intTensor([1]) });
    assert.deepEqual(one.rows, floatTensor([3, 4], [1, 2]));
  });

  it("writes into the tensors it is given", async () => {
    const rows = zeros([2, 2]);
    const results = await program.run({ table, ids }, { rows });
    assert.equal(results.rows, rows);
    assert.deepEqual([...rows.data], [5, 6, 1, 2]);
  });

  it("names the feed or output that does not fit", async () => {
    const run = (feeds: Parameters<Program["run"]>[0], into?: Parameters<Program["run"]>[1]) =>
      program.run(feeds, into);
    await assert.rejects(run({ table }), coded("GRAPH_FEED", '"ids" is missing'));
    await assert.rejects(run({ table, ids, extra: ids }), coded("GRAPH_FEED", '"extra"'));
    await assert.rejects(run({ table: zeros([2, 3]), ids }), coded("GRAPH_FEED", '"table"', "[3, 2]", "[2, 3]"));
    await assert.rejects(run({ table, ids: floatTensor([0]) }), coded("GRAPH_FEED", '"ids"', "int64", "float32"));
    await assert.rejects(run({ table, ids }, { rows: zeros([2, 3]) }), coded("GRAPH_FEED", '"rows"'));
    await assert.rejects(run({ table, ids }, { other: zeros([1]) }), coded("GRAPH_FEED", '"other"'));
    const short = { dtype: "float32", shape: [3, 2], data: new Float32Array(5) } as const;
    await assert.rejects(run({ table: short, ids }), coded("GRAPH_FEED", '"table"', "5 elements"));
  });

  it("reports a failing run as GRAPH_RUN and goes on", async () => {
    await assert.rejects(program.run({ table, ids: intTensor([3]) }), coded("GRAPH_RUN"));
    assert.deepEqual((await program.run({ table, ids: intTensor([0]) })).rows, floatTensor([1, 2], [1, 2]));
  });

  it("copies no output whose size is known beforehand, and tells a failing run from that", async () => {
    const elements = 1 << 21;
    const graph = new Graph();
    const place = graph.input("place", [1], "int64");
    const large = op.expand(op.gather(graph.input("table", [3, 1]), place), [elements, 1]);
    const program = await device.compile(graph, { large, sum: op.reduceSum(large, [0, 1]) });
    const feeds = (at: number) => ({ table: floatTensor([1, 2, 3], [3, 1]), place: intTensor([at]) });
    const into = { large: zeros([elements, 1]) };
    await program.run(feeds(0), into);

    const before = process.memoryUsage().arrayBuffers;
    const { large: written, sum } = await program.run(feeds(1), into);
    assert.ok(process.memoryUsage().arrayBuffers - before < elements, "a second array of the output's size was made");
    assert.equal(written, into.large);
    assert.ok(into.large.data.every((element) => element === 2));
    assert.deepEqual(sum, floatTensor([2 * elements], []));
    await assert.rejects(program.run(feeds(3), into), coded("GRAPH_RUN"));
    await program.dispose();
  });

  it("gives inputs, constants and one value under two names as outputs", async () => {
    const graph = new Graph();
    const x = graph.input("x", [2]);
    const y = op.exp(x);
    const flag = op.cast(x, "bool");
    const outputs = { x, constant: graph.constant([7, 8], [2], "int64"), y, again: y, flag };
    const echo = await device.compile(graph, outputs);
    const results = await echo.run({ x: floatTensor([0, 1]) });
    assert.deepEqual(results.x, floatTensor([0, 1]));
    assert.deepEqual(results.constant, intTensor([7, 8]));
    assert.deepEqual(results.again, results.y);
    assert.deepEqual(results.flag, { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) });
    await echo.dispose();
  });

  it("serialises only what the outputs need, always to the same bytes", () => {
    const build = () => {
      const graph = new Graph();
      const x = graph.input("x", [2]);
      op.log(graph.input("dead", [2]));
      return serialise(graph, { y: op.exp(x) });
    };
    const [first, second] = [build(), build()];
    assert.deepEqual(
      first.inputs.map(({ name }) => name),
      ["x"],
    );
    assert.deepEqual(first.bytes, second.bytes);
    const other = new Graph();
    assert.throws(() => serialise(other, { x: new Graph().input("x", [1]) }), coded("GRAPH_OUTPUT", '"x"'));
  });
});

describe("tensors", () => {
  it("refuse a shape that the values do not fill", () => {
    assert.throws(() => floatTensor([1, 2], [3]), coded("TENSOR_SHAPE", "[3]"));
    assert.throws(() => intTensor([1, 2], [1]), coded("TENSOR_SHAPE"));
    const data = new Float32Array(2);
    assert.equal(floatTensor(data).data, data);
  });
});
