import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { shardModel, trainedTensors, writeShard } from "#miner/own-trainer/shard-folder.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { routerName } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { openSafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { inMemory } from "#shared/training/float-source.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { microParameters } from "../../shared/model/micro.js";
import { coded } from "../../support/coded.js";
import { template } from "../../support/micro-network.js";

const networkOf = (math: Record<string, number[]>, model: Partial<Network["model"]> = {}): Network => ({
  ...template,
  genesis: "0".repeat(64),
  model: { ...template.model, num_hidden_layers: 2, ...model },
  groups: {
    math: { ...template.groups.math!, experts: math },
    prose: { ...template.groups.prose!, experts: { 0: [1], 1: [0] } },
  },
});

/** The tensors of a network's shard, written and opened. */
const written = async (network: Network, dir: string) => {
  const parameters = microParameters(network.model);
  const pick = (shapes: object) =>
    inMemory(Object.fromEntries(Object.keys(shapes).map((name) => [name, parameters[name]!])));
  await writeShard(dir, network, "math", {
    hub: pick(hubShapes(network.model, network.groups)),
    own: pick(groupShapes(network.model, network.groups.math!)),
    frozen: undefined,
  });
  return parameters;
};

describe("the folder of a shard", () => {
  it("is a model by itself, its experts counted from 0, with their rows of the routers", async (t) => {
    const network = networkOf({ 0: [3, 2], 1: [1, 3] });
    const dir = temporaryFolder(t);
    const whole = await written(network, join(dir, "shard"));
    const { config, parameters } = await readCheckpoint(join(dir, "shard"));
    assert.equal(config.num_experts, 2);
    const own = parameters["model.layers.0.mlp.experts.1.up_proj.weight"]!;
    assert.deepEqual(own.data, whole["model.layers.0.mlp.experts.3.up_proj.weight"]!.data);
    const width = network.model.hidden_size;
    const { data } = whole[routerName(1)]!;
    assert.deepEqual(
      [...parameters[routerName(1)]!.data],
      [...data.subarray(width, 2 * width), ...data.subarray(3 * width, 4 * width)],
    );
  });

  for (const model_type of [undefined, "granitemoe"] as const)
    it(`says where each trained tensor lies in its files: ${model_type ?? "qwen3_moe"}`, async (t) => {
      const network = networkOf({ 0: [3, 2], 1: [1, 3] }, { model_type });
      const dir = temporaryFolder(t);
      const whole = await written(network, join(dir, "shard"));
      const file = await openSafetensorsFile(join(dir, "shard", "model.safetensors"));
      t.after(() => file.close());
      const trained = trainedTensors(network, "math");
      assert.equal(trained.length, 2 * 2 * 3);
      for (const { name, shape, file: place } of trained) {
        const bytes = new Uint8Array(4 * shape[0]! * shape[1]!);
        await file.read(place.tensor, bytes, 4 * place.offset);
        assert.deepEqual(toFloats({ data: bytes }), whole[name]!.data, name);
      }
    });

  it("is refused for a group that holds more experts in one layer than in another, unless it holds all", () => {
    const uneven = { 0: [2, 3], 1: [3] };
    assert.throws(
      () => shardModel(networkOf(uneven), "math"),
      coded("TRAINER_SHARD_UNEVEN", /2 experts in layer 0 and 1 in layer 1/),
    );
    assert.equal(shardModel(networkOf(uneven, { shard: { mode: "full" } }), "math").config.num_experts, 4);
  });
});
