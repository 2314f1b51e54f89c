import assert from "node:assert/strict";
import { test } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import type { Graph, Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { intTensor } from "#shared/engine/tensor.js";
import { shardOf } from "#shared/model/groups.js";
import { batchInputs, forwardBatch, languageModelLoss } from "#shared/model/loss.js";
import { expertOf, routerName } from "#shared/model/parameters.js";
import { wholeRouters } from "#shared/model/whole-routers.js";
import { buildObjective } from "#shared/training/objective.js";
import { device, floatsOf, MICRO, microIds, microParameters, relativeError } from "./micro.js";

const HELD = [
  [2, 0],
  [1, 3],
];
const WEIGHT = 0.7;

type Loss = (graph: Graph, weights: Readonly<Record<string, Value>>, inputs: Readonly<Record<string, Value>>) => Value;

test("a shard's gradients are those of its loss and of the mass that the whole router leaves to other experts", async () => {
  const whole = microParameters(MICRO);
  const experts = Object.fromEntries(
    Object.entries(whole).filter(([name]) => {
      const place = expertOf(name);
      return place !== null && HELD[place.layer]!.includes(place.expert);
    }),
  );
  const plain = { config: MICRO, held: HELD, batchSize: 2, sequenceLength: 8 };
  const kept = { ...plain, heldAffinity: WEIGHT };
  const routers = Object.fromEntries([0, 1].map((layer) => [`whole ${layer}`, whole[routerName(layer)]!]));
  const shard = shardOf(whole, experts, HELD);
  const params = { ...shard, ...wholeRouters(kept, whole), ...routers };
  const ids = microIds(17);
  const batch = { ids: intTensor(ids.slice(0, 16)), targets: intTensor(ids.slice(1)) };

  /** The same term by its definition, from what each layer's router is given. */
  const defined: Loss = (graph, weights, inputs) => {
    const { inputs: given } = forwardBatch(graph, weights, inputs, plain);
    const terms = given.map((x, layer) => {
      const logits = op.matmul(x, weights[`whole ${layer}`]!, { transB: true });
      const others = graph.constant(
        [0, 1, 2, 3].map((id) => (HELD[layer]!.includes(id) ? 0 : 1)),
        [1, 4],
      );
      const mass = op.reduceSum(op.mul(op.softmax(logits), others), [-1]);
      return op.scale(op.reduceMean(mass, [0]), WEIGHT);
    });
    return terms.reduce(op.add, languageModelLoss(plain)(graph, weights, inputs).loss);
  };
  const slopesOf = async (loss: Loss) => {
    const built = buildObjective({ loss, inputs: batchInputs(plain), params });
    const names = Object.keys(experts);
    const slopes = gradients(
      built.loss,
      names.map((name) => built.params[name]!),
    );
    const outputs = Object.fromEntries(names.map((name, i) => [name, slopes[i]!]));
    const program = await device.compile(built.graph, { loss: built.loss, ...outputs });
    const results = await program.run({ ...params, ...batch });
    await program.dispose();
    return { loss: floatsOf(results.loss)[0]!, slopes: names.map((name) => floatsOf(results[name]).slice()) };
  };

  const expected = await slopesOf(defined);
  const ours = await slopesOf((...given) => languageModelLoss(kept)(...given).loss);
  const without = await slopesOf((...given) => languageModelLoss(plain)(...given).loss);
  assert.equal(ours.loss, without.loss);
  for (const [i, slope] of ours.slopes.entries()) assert.ok(relativeError(slope, expected.slopes[i]!) < 1e-5);
  // The first layer's experts decide what the second one's router is given; nothing follows the second's.
  const differs = ours.slopes.map((slope, i) => relativeError(slope, without.slopes[i]!) > 1e-3);
  assert.deepEqual(
    differs,
    Object.keys(experts).map((name) => expertOf(name)!.layer === 0),
  );
});
