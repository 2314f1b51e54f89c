import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { intTensor } from "#shared/engine/tensor.js";
import { shardOf } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import {
  allExperts,
  expertName,
  expertOf,
  type HeldExperts,
  type Parameters,
  routerName,
} from "#shared/model/parameters.js";
import { buildObjective } from "#shared/training/objective.js";
import { device, floatsOf, integersOf, MICRO, microIds, microParameters, relativeError, runForward } from "./micro.js";

const SAME = 1e-5;

/** The parameters that a shard of these experts computes with. */
const cut = (parameters: Parameters, held: HeldExperts): Parameters => {
  const isHeld = (name: string) => {
    const owner = expertOf(name);
    return owner !== null && held[owner.layer]!.includes(owner.expert);
  };
  const experts = Object.fromEntries(Object.entries(parameters).filter(([name]) => isHeld(name)));
  return shardOf(parameters, experts, held);
};

const withRouters = (parameters: Parameters, row: (expert: number, column: number) => number): Parameters => {
  const replaced: Record<string, Parameters[string]> = { ...parameters };
  for (let layer = 0; layer < MICRO.num_hidden_layers; layer++) {
    const router = parameters[routerName(layer)]!;
    const width = router.shape[1]!;
    replaced[routerName(layer)] = { ...router, data: router.data.map((_, i) => row(Math.floor(i / width), i % width)) };
  }
  return replaced;
};

const logits = async (parameters: Parameters, ids: readonly number[], batchSize: number, sequenceLength: number) =>
  floatsOf((await runForward({ parameters, ids, shape: { batchSize, sequenceLength } })).logits);

describe("router", () => {
  const shape = { batchSize: 2, sequenceLength: 8 };
  const ids = microIds(16);
  const parameters = microParameters();

  it("of a shard is the full softmax restricted to the held experts and renormalised", async () => {
    const held = [
      [1, 3],
      [0, 2, 3],
    ];
    const whole = await runForward({ parameters, ids, shape });
    const shard = await runForward({ parameters: cut(parameters, held), ids, shape: { ...shape, held } });
    const full = floatsOf(whole["probabilities.0"]); // the layer whose input is the same in both
    const expected = ids.flatMap((_, token) => {
      const kept = held[0]!.map((expert) => full[token * MICRO.num_experts + expert]!);
      const mass = kept.reduce((sum, p) => sum + p);
      return kept.map((p) => p / mass);
    });
    assert.ok(relativeError(floatsOf(shard["probabilities.0"]), expected) < SAME);
    assert.deepEqual(shard["probabilities.1"]?.shape, [16, 3]);
  });

  it("lets a shard compute what the whole model computes where all choices are held", async () => {
    const config = { ...MICRO, num_experts: 6 };
    const direction = microIds(config.hidden_size, "direction").map((n) => n / 8 - 2);
    // Whatever the sign of a token's product with the direction, two of the first four experts win and the last two never do.
    const factor = [1, 0.8, -1, -0.8, 0, 0];
    const decided = withRouters(microParameters(config), (expert, column) => factor[expert]! * direction[column]!);
    const held = [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ];
    const whole = await runForward({ parameters: decided, ids, shape: { ...shape, config } });
    assert.ok(integersOf(whole["chosen.1"]).every((expert) => expert < 4));
    assert.ok(floatsOf(whole["probabilities.0"]).some((p, i) => i % 6 > 3 && p > 1e-3));
    const shard = await runForward({ parameters: cut(decided, held), ids, shape: { ...shape, config, held } });
    assert.ok(relativeError(floatsOf(shard.logits), floatsOf(whole.logits)) < SAME);
  });

  it("takes the lower expert in a tie, every time", async () => {
    const tied = withRouters(parameters, () => 0);
    const first = await runForward({ parameters: tied, ids, shape });
    const second = await runForward({ parameters: tied, ids, shape });
    for (const layer of [0, 1])
      assert.deepEqual(
        integersOf(first[`chosen.${layer}`]),
        ids.flatMap(() => [0, 1]),
      );
    assert.deepEqual(second, first);
  });

  it("does not mind an expert without tokens, whose gradient is zero", async () => {
    const tied = withRouters(parameters, () => 0); // experts 2 and 3 get no token
    const full = { ...shape, config: MICRO, held: allExperts(MICRO) };
    const objective = { loss: languageModelLoss(full), inputs: batchInputs(full), params: tied };
    const { graph, params, loss } = buildObjective(objective);
    const [idle, busy] = [3, 1].map((expert) => params[expertName(0, expert, "up")]!);
    const [a, b] = gradients(loss, [idle!, busy!]);
    const program = await device.compile(graph, { loss, idle: a!, busy: b! });
    const result = await program.run({ ...tied, ids: intTensor(ids), targets: intTensor(ids) });
    await program.dispose();
    assert.ok(Number.isFinite(floatsOf(result.loss)[0]));
    assert.ok(floatsOf(result.idle).every((g) => g === 0));
    assert.ok(floatsOf(result.busy).some((g) => g !== 0));
    const held = [
      [0, 1],
      [0, 1],
    ];
    const without = await runForward({ parameters: cut(tied, held), ids, shape: { ...shape, held } });
    assert.ok(relativeError(floatsOf(without.logits), await logits(tied, ids, 2, 8)) < SAME);
  });
});

describe("forward", () => {
  const parameters = microParameters();
  const vocabulary = MICRO.vocab_size;

  it("treats the sequences of a batch separately", async () => {
    const ids = microIds(24);
    const together = await logits(parameters, ids, 3, 8);
    for (const row of [0, 1, 2]) {
      const alone = await logits(parameters, ids.slice(row * 8, row * 8 + 8), 1, 8);
      assert.ok(relativeError(alone, together.subarray(row * 8 * vocabulary, (row + 1) * 8 * vocabulary)) < SAME);
    }
  });

  it("takes sequences of one token", async () => {
    const ids = microIds(8);
    const first = (await logits(parameters, ids, 1, 8)).subarray(0, vocabulary);
    assert.ok(relativeError(await logits(parameters, ids.slice(0, 1), 1, 1), first) < SAME);
  });

  it("does not let a token see what comes after it", async () => {
    const ids = microIds(12);
    const before = await logits(parameters, ids, 1, 12);
    const changed = ids.with(7, (ids[7]! + 5) % vocabulary);
    const after = await logits(parameters, changed, 1, 12);
    assert.ok(relativeError(after.subarray(0, 7 * vocabulary), before.subarray(0, 7 * vocabulary)) < SAME);
    for (let position = 7; position < 12; position++) {
      const at = (all: Float32Array) => all.subarray(position * vocabulary, (position + 1) * vocabulary);
      assert.ok(relativeError(at(after), at(before)) > 1e-3, `position ${position}`);
    }
  });

  it("names a weight that is not there", async () => {
    const { "model.norm.weight": _, ...rest } = parameters;
    await assert.rejects(logits(rest, microIds(4), 1, 4), /model\.norm\.weight is not in the graph/);
  });
});
