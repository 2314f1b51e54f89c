import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gradients, type PullBackOptions } from "#shared/engine/autodiff.js";
import type { Subgraph } from "#shared/engine/cut.js";
import { neededNodes } from "#shared/engine/needed-nodes.js";
import { keptValues, remake } from "#shared/engine/remake.js";
import { intTensor } from "#shared/engine/tensor.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import { buildObjective } from "#shared/training/objective.js";
import { peakOf, storedBytes } from "#shared/training/plan-peak.js";
import { device, MICRO, microIds, microParameters } from "../model/micro.js";

const config = { ...MICRO, num_hidden_layers: 6 };
const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: 24, chunks: { queries: 8, rows: 8 } };
const parameters = microParameters(config);

/** A model's loss and all gradients. */
const training = (options?: PullBackOptions): Subgraph => {
  const { graph, params, outputs, loss } = buildObjective({
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: parameters,
  });
  const slopes = gradients(loss, Object.values(params), options);
  return {
    graph,
    outputs: { ...outputs, ...Object.fromEntries(Object.keys(params).map((name, i) => [name, slopes[i]!])) },
  };
};

const lossOf = ({ outputs }: Subgraph) => [outputs.loss!];

const usual = training();
const waiting = training({ waits: true });
const remade = remake(waiting, lossOf(waiting));

const run = async ({ graph, outputs }: Subgraph) => {
  const program = await device.compile(graph, outputs);
  const [ids, targets] = ["ids", "targets"].map((seed) => intTensor(microIds(shape.sequenceLength, seed, config)));
  const results = await program.run({ ...parameters, ids: ids!, targets: targets! });
  await program.dispose();
  return results;
};

const peak = ({ graph, outputs }: Subgraph) => peakOf(graph, Object.values(outputs), shape.sequenceLength);

const products = ({ graph, outputs }: Subgraph) =>
  neededNodes(graph, Object.values(outputs)).filter(({ operator }) => operator.name === "MatMul").length;

describe("a backward pass that makes again what is quickly made", () => {
  it("gives the same bits", async () => {
    const expected = await run(usual);
    assert.deepEqual(await run(waiting), expected);
    assert.deepEqual(await run(remade), expected);
  });

  it("repeats no product", () => assert.equal(products(remade), products(usual)));

  it("keeps less than half, and so is less alive at once", () => {
    const kept = (subgraph: Subgraph) => storedBytes(subgraph, keptValues(subgraph, lossOf(subgraph)));
    assert.ok(kept(remade) < 0.5 * kept(usual), `${kept(remade)} of ${kept(usual)} bytes`);
    assert.ok(peak(remade) < 0.6 * peak(usual), `${peak(remade)} of ${peak(usual)} bytes`);
  });

  it("waits for gradients on the way: otherwise what they are made of waits for them", () => {
    const impatient = remake(usual, lossOf(usual));
    assert.ok(peak(remade) < 0.8 * peak(impatient), `${peak(remade)} of ${peak(impatient)} bytes`);
  });
});
