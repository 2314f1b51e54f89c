import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { intTensor } from "#shared/engine/tensor.js";
import { checkGroups, groupShapes, hubShapes } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters, routerName } from "#shared/model/parameters.js";
import { frozenGroups, frozenShapes, groupShard, shardExperts } from "#shared/model/shard.js";
import { type Network, networkHash, networkSchema } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { changeOf } from "#shared/protocol/succession.js";
import { buildObjective } from "#shared/training/objective.js";
import { template } from "#tests/support/micro-network.js";
import { device, floatsOf, MICRO, microIds, microParameters, relativeError } from "./micro.js";

/** Six experts a layer: two of each group, and two of nobody. */
const CONFIG = { ...MICRO, num_experts: 6 };
const layers = (experts: readonly number[]) => ({ 0: [...experts], 1: [...experts] });
const networkOf = (shard?: Shard, model = CONFIG): Network => ({
  ...template,
  genesis: "0".repeat(64),
  model: { ...model, ...(shard && { shard }) },
  groups: {
    left: { experts: layers([0, 1]), data: [{ kind: "arithmetic", weight: 1 }] },
    right: { experts: layers([2, 3]), data: [{ kind: "sotu", weight: 1 }] },
  },
});

const FULL: Shard = { mode: "full" };
const ANCHORED: Shard = { mode: "anchored", anchors: layers([4, 5]) };
const shape = { batchSize: 2, sequenceLength: 8 };
const ids = microIds(17);
const batch = { ids: intTensor(ids.slice(0, 16)), targets: intTensor(ids.slice(1)) };

/** Every router's logits are `factor[expert]` times one number a token, of either sign. */
const decided = (parameters: Parameters, factor: readonly number[]): Parameters => {
  const direction = microIds(MICRO.hidden_size, "direction").map((n) => n / 8 - 2);
  const made: Record<string, Parameters[string]> = { ...parameters };
  for (const layer of [0, 1]) {
    const router = parameters[routerName(layer)]!;
    made[routerName(layer)] = {
      ...router,
      data: router.data.map((_, i) => factor[Math.floor(i / MICRO.hidden_size)]! * direction[i % MICRO.hidden_size]!),
    };
  }
  return made;
};

/** Loss, and its gradient for each of some parameters. */
const lossAndGradients = async (
  network: Network,
  parameters: Parameters,
  held: readonly (readonly number[])[],
  of: readonly string[],
) => {
  const step = { ...shape, config: network.model, held };
  const { graph, params, loss } = buildObjective({
    loss: languageModelLoss(step),
    inputs: batchInputs(step),
    params: parameters,
  });
  const slopes = gradients(
    loss,
    of.map((name) => params[name]!),
  );
  const program = await device.compile(graph, { loss, ...Object.fromEntries(of.map((name, i) => [name, slopes[i]!])) });
  try {
    const results = await program.run({ ...parameters, ...batch });
    return { loss: floatsOf(results.loss)[0]!, slopes: of.map((name) => floatsOf(results[name]).slice()) };
  } finally {
    await program.dispose();
  }
};

/** Whole model and shard of "left", with the gradients of its experts. */
const compare = async (network: Network, parameters: Parameters) => {
  const { model, groups } = network;
  const own = Object.keys(groupShapes(model, groups.left!)).sort();
  const pick = (shapes: object) => Object.fromEntries(Object.keys(shapes).map((name) => [name, parameters[name]!]));
  const shard = groupShard(network, "left", pick(hubShapes(model, groups)), {
    ...pick(groupShapes(model, groups.left!)),
    ...pick(frozenShapes(network, "left")),
  });
  return {
    whole: await lossAndGradients(network, parameters, allExperts(model), own),
    shard: await lossAndGradients(network, shard, shardExperts(network, "left"), own),
  };
};

describe("a group's shard", () => {
  it("holds its own experts, those and the anchors, or all", () => {
    assert.deepEqual(shardExperts(networkOf(), "left"), [
      [0, 1],
      [0, 1],
    ]);
    assert.deepEqual(shardExperts(networkOf({ mode: "restricted" }), "right"), [
      [2, 3],
      [2, 3],
    ]);
    assert.deepEqual(shardExperts(networkOf(ANCHORED), "right"), [
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ]);
    assert.deepEqual(shardExperts(networkOf(FULL), "left"), allExperts(CONFIG));
    assert.deepEqual(frozenGroups(networkOf(FULL), "left"), ["right"]);
    assert.deepEqual(frozenGroups(networkOf(ANCHORED), "left"), []);
  });

  it("in full is the whole model bit for bit: loss, and gradients of the group's experts", async () => {
    for (const norm_topk_prob of [true, false]) {
      const { whole, shard } = await compare(networkOf(FULL, { ...CONFIG, norm_topk_prob }), microParameters(CONFIG));
      assert.equal(shard.loss, whole.loss);
      assert.deepEqual(shard.slopes, whole.slopes);
    }
  });

  it("in anchored is the whole model where every choice is of the group's experts or anchors", async () => {
    const parameters = decided(microParameters(CONFIG), [1, -0.9, 0.1, -0.1, 0.8, -1]);
    const { whole, shard } = await compare(networkOf(ANCHORED), parameters);
    assert.ok(Math.abs(shard.loss - whole.loss) < 1e-5);
    for (const [i, slope] of shard.slopes.entries()) assert.ok(relativeError(slope, whole.slopes[i]!) < 1e-4);
    assert.ok(Math.max(...whole.slopes.flatMap((slope) => [...slope].map(Math.abs))) > 1e-3);
    const restricted = await compare(networkOf(), parameters);
    assert.ok(Math.abs(restricted.shard.loss - restricted.whole.loss) > 1e-3);
  });

  it("in restricted is the whole model where the router's mass is on the group", async () => {
    const { whole, shard } = await compare(networkOf(), decided(microParameters(CONFIG), [60, -60, 0, 0, 0, 0]));
    assert.ok(Math.abs(shard.loss - whole.loss) < 1e-5);
    for (const [i, slope] of shard.slopes.entries()) assert.ok(relativeError(slope, whole.slopes[i]!) < 1e-4);
  });

  it("refuses anchors that are missing, unknown, repeated or owned", () => {
    const refused = (anchors: Record<string, number[]>, message: RegExp) =>
      assert.throws(() => checkGroups(networkOf({ mode: "anchored", anchors })), {
        code: "SHARD_ANCHORS_INVALID",
        message,
      });
    checkGroups(networkOf(ANCHORED));
    refused({ 0: [4] }, /layer 1 has none/);
    refused({ ...layers([4]), 2: [4] }, /layer 2 has no experts/);
    refused(layers([6]), /layer 0 has no expert 6/);
    refused(layers([4, 4]), /expert 4 of layer 0 is listed twice/);
    refused(layers([3]), /expert 3 of layer 0 is of group "right"/);
  });

  it("of a file without the key leaves its hash as it was, and changes later without a new model", () => {
    const without = networkOf();
    assert.equal(networkHash(networkSchema.parse(without)), networkHash(without));
    assert.ok(!("shard" in networkSchema.parse(without).model));
    assert.notEqual(networkHash(networkOf(FULL)), networkHash(without));
    assert.deepEqual(changeOf(without, networkOf(FULL)), { effect: "keeps" });
  });
});
