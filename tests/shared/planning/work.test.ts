import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnyTensors, Device } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { FloatTensor, IntTensor } from "#shared/engine/tensor.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { flopsOf, workOf } from "#shared/planning/graph-work.js";
import { measureGraphs } from "#shared/planning/measure-graphs.js";
import { measureOptimiser, measureReading } from "#shared/planning/measure-host.js";
import { measureTime } from "#shared/planning/measure-time.js";
import { measureWork } from "#shared/planning/measure-work.js";
import { layersStepGraphs, wholeStepGraphs } from "#shared/training/step-graphs.js";
import { device, MICRO } from "../model/micro.js";

const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 8 };
const experts = Object.keys(parameterShapes(MICRO)).filter((name) => name.includes("experts"));
const total = ({ products }: ReturnType<typeof workOf>) =>
  products.reduce((sum, product) => sum + product.times * flopsOf(product), 0);

describe("the work of graphs", () => {
  it("counts products by their shapes, and what else is read and written", () => {
    const graph = new Graph();
    const x = graph.input("x", [2, 3, 5]);
    const w = graph.input("w", [7, 5]);
    const y = op.matmul(x, w, { transB: true });
    const z = op.matmul(x, w, { transB: true });
    const sum = op.add(y, z);
    op.exp(sum);
    const { products, others } = workOf([{ graph, outputs: { sum }, runs: 4 }], 1);
    assert.deepEqual(products, [{ a: [2, 3, 5], b: [7, 5], transA: false, transB: true, times: 8 }]);
    assert.equal(flopsOf(products[0]!), 2 * 2 * 3 * 5 * 7);
    assert.deepEqual(others, [{ count: 4, bytes: 4 * 4 * 3 * 2 * 3 * 7 }]);
  });

  it("counts of a table and of what is cut what is taken from it, and puts operators of about one size together", () => {
    const graph = new Graph();
    const rows = op.gather(graph.input("table", [1000, 8]), graph.input("ids", [3], "int64"));
    const piece = op.slice(graph.input("long", [1 << 20]), { axis: 0, start: 0, end: 24 });
    const made = op.zerosOf(graph, [24]);
    const sum = op.add(piece, made);
    const { others } = workOf([{ graph, outputs: { rows, sum }, runs: 2 }], 1);
    const bytes = 3 * 8 * 4;
    assert.deepEqual(
      others.toSorted((a, b) => a.bytes / a.count - b.bytes / b.count),
      [
        { count: 2, bytes: 2 * bytes },
        { count: 4, bytes: 4 * 2 * bytes },
        { count: 2, bytes: 2 * 3 * bytes },
      ],
    );
  });

  it("takes sizes that are known at run time as given", () => {
    const graph = new Graph();
    const x = graph.input("x", ["rows", 4]);
    const y = op.matmul(x, graph.input("g", ["rows", 6]), { transA: true });
    const [product] = workOf([{ graph, outputs: { y }, runs: 1 }], 10).products;
    assert.deepEqual([product!.a, product!.transA, flopsOf(product!)], [[10, 4], true, 2 * 4 * 10 * 6]);
  });

  it("of a step layer by layer is that of the whole graph and what of the layers is made again", async () => {
    const whole = await wholeStepGraphs({
      loss: languageModelLoss(shape),
      inputs: batchInputs(shape),
      params: parameterShapes(MICRO),
      trainable: experts,
      accumulation: 3,
      hostMemory: true,
    });
    assert.deepEqual(
      whole.map(({ runs }) => runs),
      [3],
    );
    const layers = layersStepGraphs(shape, experts, 3);
    // Both layers are of one kind, the vocabulary is one piece.
    assert.deepEqual(
      layers.map(({ runs }) => runs),
      [6, 6, 3, 3, 3, 3],
    );
    const rows = 8;
    const forward = total(workOf([layers[0]!, layers[4]!], rows));
    const difference = total(workOf(layers, rows)) - total(workOf(whole, rows));
    // What the experts and attention made is kept in so small a model. The lowest layer gives a gradient by its hidden state, too, which the whole
    // graph does without.
    assert.ok(difference > 0 && difference < forward, `${difference} of ${forward}`);
  });

  it("with an optimiser inside is of two programs, of which the last takes the step", async () => {
    const graphs = await wholeStepGraphs({
      loss: languageModelLoss(shape),
      inputs: batchInputs(shape),
      params: parameterShapes(MICRO),
      trainable: experts,
      accumulation: 3,
      hostMemory: false,
    });
    assert.deepEqual(
      graphs.map(({ runs }) => runs),
      [2, 1],
    );
  });

  it("is timed by products and additions alone", async () => {
    const work = workOf(layersStepGraphs(shape, experts, 1), 8);
    const { seconds, products, flops } = await measureWork(device, work);
    assert.equal(flops, total(work));
    assert.ok(products > 0 && seconds >= products);
    const nothing = await measureWork(device, { products: [], others: [] });
    assert.deepEqual(nothing, { seconds: 0, products: 0, flops: 0 });
  });

  it("is timed in laps over all of it, of operands that are written", async () => {
    const order: string[] = [];
    const { device: fake, clock } = watched((graph, feeds) => {
      order.push(graph.inputs.map(({ shape: size }) => size.join("x")).join(" "));
      const arrays = Object.values(feeds).map((tensor) => (tensor as unknown as FloatTensor).data);
      for (const data of arrays) assert.ok(data.some((element) => element !== 0));
      const places = arrays.map(({ byteOffset, byteLength }) => [byteOffset, byteOffset + byteLength] as const);
      places.sort(([a], [b]) => a - b);
      for (const [i, [from]] of places.entries()) assert.ok(i === 0 || from >= places[i - 1]![1], "they overlap");
      return 1;
    });
    const product = { transA: false, transB: false, times: 5 };
    const work = {
      products: [
        { ...product, a: [8, 64], b: [64, 64] },
        { ...product, a: [8, 32], b: [32, 16] },
      ],
      others: [{ count: 3, bytes: 3 * 12 * 100 }],
    };
    const { products } = await measureWork(fake, work, clock);
    const lap = order.slice(0, 4);
    assert.equal(new Set(lap).size, 4);
    assert.ok(order.length >= 3 * 4);
    assert.deepEqual(order, Array.from({ length: order.length / 4 }, () => lap).flat());
    assert.ok(lap[1]!.split(" ").length > 10, "several products a run, so that waking threads counts little");
    assert.ok(products > 0);
  });

  it("is that of the programs where there is room for them and they are soon run", async () => {
    const graphs = layersStepGraphs(shape, experts, 3);
    const options = { rows: 8, below: { ids: MICRO.vocab_size }, hasRoom: true };
    const runs = new Map(graphs.map((one) => [one.graph, one.runs]));
    const seconds = (graph: Graph) => (runs.has(graph) ? 0.001 * graph.nodes.length : 1e-6);
    const { device: fake, clock } = watched(seconds);
    const time = await measureTime(fake, graphs, options, clock);
    const exact = graphs.reduce((sum, { graph, runs: times }) => sum + times * seconds(graph), 0);
    assert.equal(time.by, "programs");
    assert.ok(Math.abs(time.seconds / exact - 1) < 1e-9);
    assert.equal((await measureTime(fake, graphs, { ...options, hasRoom: false }, clock)).by, "products");
    const { device: card, clock: other } = watched(seconds, false);
    assert.equal((await measureTime(card, graphs, options, other)).by, "products");
    const { device: slow, clock: long } = watched(() => 60);
    assert.equal((await measureTime(slow, graphs, options, long)).by, "products");
    const real = await measureTime(device, graphs, options);
    assert.ok(real.by === "programs" && real.seconds > 0);
  });

  it("is not measured to its end where that is not wanted any more", async () => {
    const graphs = layersStepGraphs(shape, experts, 1);
    const stopped = new Error("stopped");
    for (const last of [1, 5]) {
      const stop = new AbortController();
      let runs = 0;
      const { device: fake, clock } = watched(() => {
        if (++runs === last) stop.abort(stopped);
        return 1;
      });
      const { signal } = stop;
      await assert.rejects(measureTime(fake, graphs, { rows: 8, below: {}, hasRoom: true, signal }, clock), stopped);
      assert.equal(runs, last);
    }
    const heard = new AbortController();
    const { device: busy, clock } = watched(() => 1);
    // As Ctrl-C, which no run hears of.
    setImmediate(() => heard.abort(stopped));
    await assert.rejects(measureGraphs(busy, graphs, { ids: MICRO.vocab_size }, clock, heard.signal), stopped);
    await assert.rejects(measureOptimiser(AbortSignal.abort(stopped)), stopped);
    await assert.rejects(measureReading("BF16", AbortSignal.abort(stopped)), stopped);
  });

  it("is that of whole graphs, whose ids are drawn", async () => {
    const inputs = batchInputs(shape);
    const graphs = await wholeStepGraphs({
      ...{ loss: languageModelLoss(shape), inputs, params: parameterShapes(MICRO), trainable: experts },
      hostMemory: true,
    });
    const given = new Set<bigint>();
    const { device: fake, clock } = watched((_, { ids }) => {
      if (ids) for (const id of (ids as IntTensor).data) given.add(id);
      return 1;
    });
    await measureGraphs(fake, graphs, { ids: MICRO.vocab_size }, clock);
    assert.ok(given.size > 4 && [...given].every((id) => id >= 0n && id < MICRO.vocab_size));
    assert.ok((await measureGraphs(device, graphs, { ids: MICRO.vocab_size })) > 0);
  });

  it("beside programs is the optimiser's and reading", async () => {
    const { step, adding } = await measureOptimiser();
    assert.ok(step > 0 && adding > 0);
    for (const dtype of ["F32", "BF16", "F16"] as const) assert.ok((await measureReading(dtype)) > 0);
  });
});

/** A device that computes nothing: a run takes as many seconds of its clock as is said. */
const watched = (seconds: (graph: Graph, feeds: AnyTensors) => number, hostMemory = true) => {
  let now = 0;
  const fake: Device = {
    name: "watched",
    hostMemory,
    mapsFiles: false,
    compile: async (graph) => ({
      run: async (feeds) => {
        now += 1000 * seconds(graph, feeds);
        return {};
      },
      dispose: async () => undefined,
    }),
    upload: async (tensor) => ({
      ...tensor,
      read: async () => tensor,
      write: async () => undefined,
      fill: async () => undefined,
      dispose: () => undefined,
    }),
  };
  return { device: fake, clock: () => now };
};
