import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { checkGroups, expertsOf, groupNamed, groupShapes, hubShapes, shardOf } from "#shared/model/groups.js";
import { countParameters, expertName, parameterShapes, routerName } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import { networkSchema } from "#shared/protocol/network.js";
import { coded } from "#tests/support/coded.js";
import { MICRO, microParameters } from "./micro.js";

const group = (experts: ExpertGroup["experts"]): ExpertGroup => ({
  experts,
  data: [{ kind: "arithmetic", weight: 1 }],
});
const left = group({ 0: [0, 1], 1: [3, 0] });
const right = group({ 0: [3], 1: [1] });

describe("expert groups", () => {
  it("are accepted where no expert is in two of them, owned or not", () => {
    checkGroups({ model: MICRO, groups: { left, right } });
    checkGroups({ model: MICRO, groups: { left } });
  });

  const refused: readonly (readonly [string, Record<string, ExpertGroup>, RegExp])[] = [
    [
      "a layer that does not exist",
      { left: group({ 0: [0], 1: [0], 2: [0] }) },
      /"left": layer 2 does not exist, the model has 2/,
    ],
    [
      "a layer that is not written plainly",
      { left: group({ 0: [0], 1: [0], "01": [1] }) },
      /"left": layer 01 does not exist/,
    ],
    ["a layer without experts", { left: group({ 0: [0] }) }, /"left": layer 1 has no expert$/],
    ["an expert that does not exist", { left: group({ 0: [0], 1: [4] }) }, /"left": layer 1 has no expert 4/],
    [
      "an expert in two groups",
      { left, right: group({ 0: [2], 1: [3] }) },
      /"right": expert 3 of layer 1 is also listed by "left"/,
    ],
    ["an expert twice in one", { left: group({ 0: [2, 2], 1: [3] }) }, /"left": expert 2 of layer 0 is listed twice/],
  ];
  for (const [what, groups, message] of refused)
    it(`are refused with ${what}`, () => {
      assert.throws(() => checkGroups({ model: MICRO, groups }), coded("EXPERT_GROUP_INVALID", message));
    });

  it("are refused of a model that is too large to be counted", () => {
    const model = { ...MICRO, vocab_size: 2 ** 50 };
    assert.throws(
      () => checkGroups({ model, groups: { left, right } }),
      coded("NETWORK_UNWORKABLE", /weights, more than/),
    );
  });

  it("list their experts in ascending order", () => {
    assert.deepEqual(expertsOf(MICRO, left), [
      [0, 1],
      [0, 3],
    ]);
  });

  it("and the hub share the whole model out among them", () => {
    const groups = { left, right };
    const parts = [hubShapes(MICRO, groups), groupShapes(MICRO, left), groupShapes(MICRO, right)];
    assert.deepEqual(Object.assign({}, ...parts), { ...parameterShapes(MICRO) });
    const all = countParameters(parameterShapes(MICRO));
    assert.equal(
      parts.reduce((sum, shapes) => sum + countParameters(shapes), 0),
      all,
    );
    assert.ok(expertName(0, 2, "up") in parts[0]!, "an expert that nobody owns is the hub's");
    assert.ok(!(expertName(0, 0, "up") in parts[0]!));
    assert.equal(Object.keys(parts[1]!).length, 4 * 3);
  });

  it("cut routers to their own rows, in ascending order of experts", () => {
    const parameters = microParameters();
    const held = expertsOf(MICRO, left);
    const names = Object.keys(groupShapes(MICRO, left));
    const shard = shardOf(parameters, Object.fromEntries(names.map((name) => [name, parameters[name]!])), held);
    assert.deepEqual(
      Object.fromEntries(Object.entries(shard).map(([name, { shape }]) => [name, [...shape]])),
      parameterShapes(MICRO, held),
    );
    const row = (expert: number) => parameters[routerName(1)]!.data.subarray(expert * 16, (expert + 1) * 16);
    assert.deepEqual(shard[routerName(1)]!.data, Float32Array.from([...row(0), ...row(3)]));
    assert.equal(shard["model.norm.weight"], parameters["model.norm.weight"]);
  });

  it("are found by name only", () => {
    const network = networkSchema.parse({
      version: 1,
      name: "test",
      netuid: 1,
      phases: { distribute: 1, train: 1, commit: 1, reveal: 1, evaluate: 1, exchange: 1, choose: 1, merge: 1 },
      model: MICRO,
      groups: { left, right },
      data: { tokenizer: "byte", sequence_length: 8, held_out: 0.1 },
      training: {},
      scoring: {
        eval_batches: 2,
        eval_batch_size: 1,
        confidence: 0.9,
        top_n: 1,
        rewards: { curve: "top-n", n: 1, decay: { ratio: 1 }, floor: 0 },
        burn: 0,
        window: 1,
        max_update_norm: 1,
      },
      limits: { artifact_bytes: 1 },
      genesis: "0".repeat(64),
    });
    assert.deepEqual(groupNamed(network, "right"), right);
    for (const name of ["middle", "constructor"])
      assert.throws(
        () => groupNamed(network, name),
        (thrown) => {
          assert.ok(thrown instanceof BlockZeroError);
          assert.equal(thrown.code, "EXPERT_GROUP_UNKNOWN");
          assert.match(thrown.hint, /left, right/);
          return true;
        },
      );
  });
});
