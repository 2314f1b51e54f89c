import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { FAMILIES } from "#shared/model/families/index.js";
import { forward } from "#shared/model/forward.js";
import { checkGroups, expertsOf, groupShapes, hubShapes, shardOf } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { allExperts, expertOf, parameterShapes } from "#shared/model/parameters.js";
import { checkpointFloats, parametersFloats } from "#shared/model/part-floats.js";
import { isDenseFamily, MODEL_TYPES, type ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { MICRO, microIds, runForward } from "./micro.js";
import { references } from "./reference.js";

/** Two groups that own all experts but the last of each layer that has some. */
const groupsOf = (config: ModelConfig): Network["groups"] => {
  const layers = allExperts(config).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  const group = (experts: readonly number[]) => ({
    experts: Object.fromEntries(layers.map((layer) => [layer, [...experts]])),
    data: [{ kind: "code" as const, weight: 1 }],
  });
  return { one: group([0]), two: group(allExperts(config)[layers[0]!]!.slice(1, -1)) };
};

describe("a family's model", () => {
  for (const type of MODEL_TYPES.filter((name) => !isDenseFamily({ model_type: name })))
    for (const { name, dir } of references(`families/${type}`)) {
      it(`${type}, ${name}: is a hub and groups of experts, which miners compute with`, async () => {
        const { config, parameters } = await readCheckpoint(dir);
        const groups = groupsOf(config);
        checkGroups({ model: config, groups });
        const parts = [hubShapes(config, groups), ...Object.values(groups).map((group) => groupShapes(config, group))];
        const all = parts.flatMap((part) => Object.keys(part));
        assert.equal(new Set(all).size, all.length, "no tensor is in two parts");
        assert.deepEqual({ ...Object.assign({}, ...parts) }, { ...parameterShapes(config) });
        for (const part of parts.slice(1)) assert.ok(Object.keys(part).every((tensor) => expertOf(tensor) !== null));

        const held = expertsOf(config, groups.two!);
        const own = Object.fromEntries(Object.entries(parameters).filter(([tensor]) => tensor in parts[2]!));
        const shard = shardOf(parameters, own, held);
        assert.deepEqual(Object.fromEntries(Object.entries(shard).map(([tensor, { shape }]) => [tensor, [...shape]])), {
          ...parameterShapes(config, held),
        });
        const shape = { config, held, batchSize: 1, sequenceLength: 6 };
        const { logits } = await runForward({ parameters: shard, ids: microIds(6), shape });
        assert.ok(logits!.dtype === "float32" && logits!.data.every(Number.isFinite));
      });

      it(`${type}, ${name}: is stored by parts, and written as it was read`, async (context) => {
        const { config, parameters } = await readCheckpoint(dir);
        const groups = groupsOf(config);
        const checkpoint = await openCheckpoint(dir, { model: config });
        const floats = checkpointFloats(checkpoint);
        for (const shapes of [hubShapes(config, groups), groupShapes(config, groups.one!)]) {
          const [own, theirs]: number[][] = [[], []];
          for await (const piece of floats.read(shapes)) own!.push(...piece);
          for await (const piece of parametersFloats(parameters).read(shapes)) theirs!.push(...piece);
          assert.deepEqual(own, theirs);
        }
        await checkpoint.close();

        const copy = join(temporaryFolder(context), "copy");
        for (const maxShardBytes of [5e9, 8000]) {
          await writeCheckpoint(copy, config, parameters, { dtype: "bfloat16", maxShardBytes });
          const again = await readCheckpoint(copy, config);
          assert.deepEqual(again.config, config);
          assert.deepEqual(again.parameters, parameters);
          rmSync(copy, { recursive: true });
        }
      });
    }

  for (const type of MODEL_TYPES.filter((name) => isDenseFamily({ model_type: name })))
    it(`${type}: has no experts for groups, and is written as it was read`, async (context) => {
      for (const { dir } of references(`families/${type}`)) {
        const { config, parameters } = await readCheckpoint(dir);
        const group = { experts: { "0": [0] }, data: [{ kind: "code" as const, weight: 1 }] };
        assert.throws(
          () => checkGroups({ model: config, groups: { one: group } }),
          coded("EXPERT_GROUP_INVALID", /has no experts to share out/),
        );
        const copy = join(temporaryFolder(context), "copy");
        await writeCheckpoint(copy, config, parameters);
        assert.deepEqual((await readCheckpoint(copy)).parameters, parameters);
      }
    });

  it("has fresh weights with norms of one and biases of zero", async () => {
    const { config } = await readCheckpoint(references("families/qwen2_moe")[0]!.dir);
    const fresh = initialParameters(config, createRandom("fresh"));
    assert.ok(fresh["model.layers.1.self_attn.q_proj.bias"]!.data.every((value) => value === 0));
    assert.ok(fresh["model.norm.weight"]!.data.every((value) => value === 1));
  });

  it("costs a Qwen3-MoE model no node of its own: 129 forward, one of them a layer to find the gradient of attention by, 479 with all gradients, 13 of them for targets that do not count", () => {
    const graph = new Graph();
    const weights = Object.fromEntries(
      Object.entries(parameterShapes(MICRO)).map(([name, shape]) => [name, graph.input(name, shape)]),
    );
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 8 };
    const { logits } = forward(graph, weights, graph.input("ids", [16], "int64"), shape);
    assert.equal(graph.nodes.length, 129);
    gradients(op.crossEntropy(logits, graph.input("targets", [16], "int64")), Object.values(weights));
    assert.equal(graph.nodes.length, 479);
  });

  it("is called in a config as transformers calls it", () => {
    for (const [type, family] of Object.entries(FAMILIES)) assert.equal(family.type, type);
  });
});
