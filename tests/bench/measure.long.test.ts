import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { machine } from "#bench/machine.js";
import { shardMemoryOf } from "#bench/memory/shard.js";
import { matmulFlops } from "#bench/step/cost.js";
import { figuresOf } from "#bench/step/figures.js";
import { materialOf } from "#bench/step/material.js";
import { type Measurement, measure } from "#bench/step/measure.js";
import { phasesOf } from "#bench/step/phases.js";
import { linesOf, nodesOf, type ProfileEvent } from "#bench/step/profile.js";
import { describeCase } from "#bench/step/report.js";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { tinyCase } from "./tiny-case.js";

const MACHINE = { processor: "Some processor (family 25, model 17)" };

describe("matmulFlops", () => {
  test("counts two a multiply-add, forwards and backwards", () => {
    const graph = new Graph();
    const w = graph.input("w", [5, 7]);
    const y = op.matmul(graph.input("x", [3, 5]), w);
    assert.equal(matmulFlops(graph, 0), 2 * 3 * 5 * 7);
    gradients(op.reduceSum(y, [0, 1]), [w]);
    assert.equal(matmulFlops(graph, 0), 2 * (2 * 3 * 5 * 7));
  });

  test("counts batches, transposes, and sizes known only at run time", () => {
    const graph = new Graph();
    op.matmul(graph.input("a", [4, 3, 5]), graph.input("b", [4, 7, 5]), { transB: true });
    assert.equal(matmulFlops(graph, 0), 2 * 4 * 3 * 5 * 7);
    const rows = graph.input("rows", ["tokens", 5]);
    op.matmul(rows, graph.input("c", [5, 2]));
    assert.equal(matmulFlops(graph, 10), 2 * 4 * 3 * 5 * 7 + 2 * 10 * 5 * 2);
  });

  test("is 6 a weight and token for a linear layer's training step, 2 for its forward pass", () => {
    const [tokens, inner, outer] = [16, 8, 12];
    const graph = new Graph();
    const [x, w] = [graph.input("x", [tokens, inner]), graph.input("w", [outer, inner])];
    const loss = op.reduceSum(op.matmul(x, w, { transB: true }), [0, 1]);
    assert.equal(matmulFlops(graph, 0), 2 * tokens * inner * outer);
    gradients(loss, [x, w]);
    assert.equal(matmulFlops(graph, 0), 6 * tokens * inner * outer);
  });
});

describe("a profile", () => {
  const graph = new Graph();
  const w = graph.input("w", [2, 2]);
  const loss = op.reduceSum(op.matmul(graph.input("x", [2, 2]), w), [0, 1]);
  const forwardNodes = graph.nodes.length;
  gradients(loss, [w]);
  const phaseOf = phasesOf(graph, loss);

  test("knows the pass of every node", () => {
    const phases = graph.nodes.map((_, place) => phaseOf(place));
    assert.deepEqual(phases.slice(0, forwardNodes), Array(forwardNodes).fill("forward"));
    assert.ok(phases.length > forwardNodes && phases.slice(forwardNodes).every((phase) => phase === "backward"));
    assert.equal(phaseOf(phases.length), undefined);
  });

  const event = (name: string, kernel: string, index: number, milliseconds: number): ProfileEvent => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    dur: 1000 * milliseconds,
    args: { op_name: kernel, node_index: String(index) },
  });

  test("takes a node's median run, and sums nodes by operator and pass", () => {
    const events = [
      ...[1, 2, 90].map((time) => event("MatMul/0/0", "FusedMatMul", 0, time)),
      ...[3, 3, 3].map((time) => event(`MatMul/${forwardNodes}/0`, "FusedMatMul", 1, time)),
      ...[4, 4, 4].map((time) => event(`MatMul/${forwardNodes}/1`, "Gemm", 2, time)),
      ...[1, 1, 1].map((time) => event("QuickGelu_token_3", "QuickGelu", 3, time)),
      ...[1, 1, 5, 1, 1, 1].map((time) => event("Softmax_twice_a_step", "Softmax", 4, time)),
      { cat: "Session", name: "model_run", dur: 1e6, args: {} },
    ];
    assert.deepEqual(linesOf(nodesOf(events, phaseOf, 3)), [
      { operator: "MatMul", phase: "backward", kernels: ["FusedMatMul", "Gemm"], nodes: 2, milliseconds: 7 },
      { operator: "MatMul", phase: "forward", kernels: ["FusedMatMul"], nodes: 1, milliseconds: 2 },
      { operator: "(Softmax)", phase: undefined, kernels: ["Softmax"], nodes: 1, milliseconds: 2 },
      { operator: "(QuickGelu)", phase: undefined, kernels: ["QuickGelu"], nodes: 1, milliseconds: 1 },
    ]);
  });
});

describe("material", () => {
  test("is the same every time, and has targets that are the next ids", () => {
    const [a, b] = [materialOf(tinyCase, 2), materialOf(tinyCase, 2)];
    assert.deepEqual(a.batches, b.batches);
    assert.deepEqual(a.weights, b.weights);
    const { ids, targets } = a.batches[0]!;
    assert.deepEqual(targets.data.slice(0, 7), ids.data.slice(1, 8));
  });
});

describe("measure", () => {
  let folder: string;
  let measurement: Measurement;
  const device = onnxCpu({ threads: 1 });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "blockzero-bench-test-"));
    const options = { device, threads: 1, peers: [], folder, steps: 20, leakSteps: 20 };
    measurement = await measure(tinyCase, { ...options, profile: "always" });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("tells the step, its optimiser and its rate", () => {
    const { ours, optimiser, flops, flopsPerSecond, peak, shareOfPeak } = measurement;
    assert.equal(ours.losses.length, 25);
    assert.ok(ours.losses.every(Number.isFinite));
    assert.ok(ours.median >= ours.fastest && ours.fastest > 0);
    assert.ok(optimiser && optimiser.median > 0 && optimiser.median < ours.median);
    assert.ok(flops > 0);
    assert.ok(Math.abs(flopsPerSecond - (1000 * flops) / ours.median) < 1);
    assert.ok(peak.flops > 1e8 && Math.abs(shareOfPeak - flopsPerSecond / peak.flops) < 1e-12);
  });

  test("names our own operators, of both passes, in the profile", () => {
    const find = (operator: string, phase: string) =>
      measurement.profile.find((line) => line.operator === operator && line.phase === phase);
    for (const phase of ["forward", "backward"]) {
      const products = find("MatMul", phase);
      assert.ok(products && products.milliseconds > 0 && products.kernels.includes("FusedMatMul"), phase);
    }
    assert.ok(find("Route", "forward"));
    assert.ok(find("SplitByCounts", "forward"));
    const named = measurement.profile.filter(({ phase }) => phase !== undefined);
    const nodes = (lines: Measurement["profile"]) => lines.reduce((sum, line) => sum + line.nodes, 0);
    assert.ok(nodes(named) > 0.9 * nodes(measurement.profile), "nearly every kernel has an operator of ours");
  });

  test("is told to people, and written as JSON without a gap", async () => {
    const text = describeCase(measurement, MACHINE);
    assert.match(text, /^tiny: a step of a test$/m);
    assert.match(text, /blockzero +\d+\.\d ms.* Some processor \(family 25, model 17\)$/m);
    assert.match(text, /beside forward and backward pass: \d+\.\d ms, \d+\.\d % of the step/);
    assert.match(text, /% of the machine's peak/);
    assert.match(text, /resident memory grows by/);
    assert.match(text, /MatMul +backward/);

    const figures = figuresOf({
      ...{ machine: machine(), device: device.name, threads: 1, peers: [], refusals: [] },
      measurements: [{ ...measurement, growth: undefined, optimiser: undefined }],
    });
    const read = JSON.parse(JSON.stringify(figures));
    assert.deepEqual(Object.keys(read).sort(), [...["cases", "device", "machine", "peers", "refusals", "threads"]]);
    const [only] = read.cases;
    assert.equal(only.growth, null);
    assert.equal(only.optimiser, null);
    assert.equal(only.ours.median, measurement.ours.median);
    assert.deepEqual(only.peers, []);
  });

  test("writes and tells a comparison's verdicts", () => {
    const { ours } = measurement;
    const compared = { ...ours, name: "PyTorch 2.15.0 eager", version: "2.15.0", mode: "eager" } as const;
    const peers = [
      { ...compared, ratio: 1.4, target: 1.5, met: false, lossDifference: 1e-5, lossesAgree: true },
      { ...compared, ratio: 1.4, target: undefined, met: undefined, lossDifference: 0.1, lossesAgree: false },
    ];
    const dropped = [{ name: "PyTorch 2.15.0 compiled", reason: "no compiler" }];
    const text = describeCase({ ...measurement, peers, dropped, otherWork: 0.3 }, MACHINE);
    assert.match(text, /1\.40 × +1\.5 × MISSED +1\.0e-5 \(agree\)/);
    assert.match(text, /1\.0e-1 \(DISAGREE\)/);
    assert.match(text, /compiled is left out: no compiler/);
    assert.match(text, /30\.0 % of the processor went to other programs/);
  });
});

describe("a shard's memory", () => {
  test("is measured against weights, gradients, moments and activations", () => {
    const memory = { frozen: 100, trained: 50, moments: 100, gradients: 50, activations: 100, total: 700 };
    const figures = { parameters: { hub: 25, group: 12 }, memory, measured: { peakResident: 640, stepSeconds: 1 } };
    assert.deepEqual(shardMemoryOf("300m", figures), {
      size: "300m",
      parameters: 37,
      needed: 400,
      planned: 700,
      peak: 640,
      stepSeconds: 1,
      ratio: 1.6,
      target: 1.5,
      met: false,
    });
    const small = { ...figures, measured: { peakResident: 600, stepSeconds: 1 } };
    assert.equal(shardMemoryOf("300m", small).met, true);
    assert.equal(shardMemoryOf("14m", small).met, null);
  });
});
