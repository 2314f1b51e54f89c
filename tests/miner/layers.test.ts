import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTraining } from "#miner/plan/plan.js";
import type { Network } from "#shared/protocol/network.js";
import { inMemory } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { trained } from "../support/trained.js";
import { base, configOf, hub, network, openTrainer } from "./micro-shard.js";

const configBy = (program: string) =>
  configOf({ max_steps: 4, gradient_accumulation_steps: 2, "training.program": program });

const trainedBy = async (program: string, of: Network) => {
  let closed = 0;
  const file = { ...frozenInMemory(hub), close: async () => void closed++ };
  const trainer = await openTrainer(configBy(program), { network: of, hub: file });
  const closedFirst = closed;
  const { run, update } = await trained(trainer.train(inMemory(base), { cycle: 1, stop: () => false }));
  await trainer.dispose();
  return { run, update, closedFirst, closed };
};

describe("a miner that trains layer by layer", () => {
  it("makes the update that the whole graph makes", async () => {
    const [whole, layers] = [await trainedBy("whole", network), await trainedBy("layers", network)];
    assert.ok(Math.abs(layers.run.lastLoss - whole.run.lastLoss) < 1e-4);
    assert.equal(layers.run.steps, 4);
    let [product, ofWhole, ofLayers] = [0, 0, 0];
    for (const [name, { data }] of whole.update)
      for (const [i, value] of data.entries()) {
        const other = layers.update.get(name)!.data[i]!;
        product += value * other;
        ofWhole += value ** 2;
        ofLayers += other ** 2;
      }
    assert.ok(product / Math.sqrt(ofWhole * ofLayers) > 0.9999);
  });

  it("reads the hub until it is disposed of, where the whole graph has read it at once", async () => {
    const [whole, layers] = [await trainedBy("whole", network), await trainedBy("layers", network)];
    assert.deepEqual([whole.closedFirst, whole.closed], [1, 1]);
    assert.deepEqual([layers.closedFirst, layers.closed], [0, 1]);
  });

  it("is planned with less memory where the sequence is long, and taken only then", async () => {
    const context = { blockSeconds: 12 };
    const short = await planTraining(configBy("auto"), network, context);
    assert.equal(short.program, "whole");
    assert.equal(short.mapped, 0);
    const model = { ...network.model, num_hidden_layers: 8, max_position_embeddings: 1024 };
    const experts = Object.fromEntries(Array.from({ length: 8 }, (_, layer) => [layer, [0, 1]]));
    const groups = { math: { ...network.groups.math!, experts } };
    const long: Network = { ...network, model, groups, data: { ...network.data, sequence_length: 1024 } };
    const layers = await planTraining(configBy("layers"), long, context);
    assert.ok(layers.memory.total < layers.otherwise!);
    assert.equal(layers.mapped, 4 * layers.parameters.hub);
    assert.ok(layers.memory.frozen < layers.mapped);
  });
});
