import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { flopsOf, workOf } from "#shared/planning/graph-work.js";
import { measureBandwidth, measureWork } from "#shared/planning/measure-work.js";
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
    assert.deepEqual(others, { count: 4, bytes: 4 * 4 * 3 * 2 * 3 * 7 });
  });

  it("takes sizes that are known at run time as given", () => {
    const graph = new Graph();
    const x = graph.input("x", ["rows", 4]);
    const y = op.matmul(x, graph.input("g", ["rows", 6]), { transA: true });
    const [product] = workOf([{ graph, outputs: { y }, runs: 1 }], 10).products;
    assert.deepEqual([product!.a, product!.transA, flopsOf(product!)], [[10, 4], true, 2 * 4 * 10 * 6]);
  });

  it("of a step layer by layer is that of the whole graph and one more forward pass of the layers", async () => {
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
    // The lowest layer gives a gradient by its hidden state, too, which the whole graph does without.
    assert.ok(difference >= forward * 0.9, `${difference} of ${forward}`);
    assert.ok(difference < 2 * forward, `${difference} of ${forward}`);
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
    const nothing = await measureWork(device, { products: [], others: { count: 0, bytes: 0 } });
    assert.deepEqual(nothing, { seconds: 0, products: 0, flops: 0 });
    assert.ok((await measureBandwidth(device)) > 0);
  });
});
