import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { compileCasesOf, compiledModel } from "#bench/compile/cases.js";
import { type Compilation, kindsOf, measureCompilations, summarise } from "#bench/compile/measure.js";
import { describeCompilations } from "#bench/compile/report.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";

describe("summarise", () => {
  test("takes the median of every time, not the fastest", () => {
    const rounds = [
      { session: 1, total: 1.5 },
      { session: 8, total: 9 },
      { session: 2, total: 2.25 },
    ];
    assert.deepEqual(summarise(rounds, 2), { graph: 0.5, session: 2, total: 2.25, target: 2, met: false });
    assert.equal(summarise(rounds.slice(0, 1), 2).met, true);
  });

  test("misses a target that is just reached", () => {
    assert.equal(summarise([{ session: 1, total: 2 }], 2).met, false);
  });

  test("layer by layer a program has a quarter of the time", () => {
    const layers = compileCasesOf(compiledModel).at(-1)!;
    assert.deepEqual([layers.program, layers.target], ["layers", 0.5]);
    assert.equal(summarise([{ session: 0.3, total: 0.6 }], layers.target).met, false);
  });
});

describe("kindsOf", () => {
  test("counts nodes by operator, the most numerous first", () => {
    const graph = new Graph();
    const [x, w] = [graph.input("x", [2, 2]), graph.input("w", [2, 2])];
    op.reduceSum(op.matmul(op.matmul(x, w), w), [0, 1]);
    assert.deepEqual(Object.entries(kindsOf(graph)), [
      ["MatMul", 2],
      ["ReduceSum", 1],
    ]);
  });
});

describe("measureCompilations", () => {
  const config = { ...compiledModel, num_hidden_layers: 2, num_experts: 6 };
  let compilations: readonly Compilation[];
  before(async () => {
    compilations = await measureCompilations(config, compileCasesOf(config), 2);
  });

  test("tells times and operators of each program", () => {
    assert.deepEqual(
      compilations.map(({ name }) => name),
      ["loss, all experts", "train 4 of 6 experts", "train everything", "train everything, layer by layer"],
    );
    for (const { graph, session, total, operators, kinds } of compilations) {
      assert.ok(graph > 0 && session > 0);
      assert.ok(Math.abs(graph + session - total) < 1e-9, "of two rounds the medians are means");
      assert.equal(
        Object.values(kinds).reduce((a, b) => a + b),
        operators,
      );
    }
    const [loss, group, everything] = compilations.map(({ kinds }) => kinds.MatMul!);
    assert.equal(loss! >= 2 * 6 * 3, true, "three products an expert");
    assert.ok(everything! > group! && everything! > 2 * loss!);
  });

  test("shows the kinds of the largest program, and of those that missed the target", () => {
    const [loss, group, everything] = compilations as readonly [Compilation, Compilation, Compilation];
    const fast = describeCompilations([
      { ...loss, met: true },
      { ...group, met: true },
      { ...everything, met: true },
    ]);
    assert.deepEqual(fast.match(/^.*operators by kind$/gm), ["train everything, operators by kind"]);
    assert.match(fast, new RegExp(`^ +MatMul +${everything.kinds.MatMul} +\\d+\\.\\d %$`, "m"));
    const named = Object.values(everything.kinds).slice(0, 8);
    const others = everything.operators - named.reduce((a, b) => a + b);
    assert.match(fast, new RegExp(`^ +all others +${others} `, "m"));

    const slow = describeCompilations([loss, { ...group, met: false }, { ...everything, met: true }]);
    assert.match(slow, /MISSED/);
    assert.match(slow, /train 4 of 6 experts, operators by kind/);
  });
});
