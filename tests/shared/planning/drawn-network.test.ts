import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expertsOf, groupShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { DRAWN_GROUP, drawnNetwork } from "#shared/planning/drawn-network.js";
import { coded } from "../../support/coded.js";
import { MICRO } from "../model/micro.js";

const usual = { groups: 2, sequence: 32, shard: "restricted", codec: "float32" } as const;

describe("a network drawn from a model's config", () => {
  it("shares out all experts of each layer, the first group none fewer than another", () => {
    const { groups, model } = drawnNetwork({ ...MICRO, num_experts: 5 }, { ...usual, groups: 3 });
    const shares = Object.values(groups).map((group) => expertsOf(model, group));
    for (let layer = 0; layer < MICRO.num_hidden_layers; layer++) {
      const ids = shares.flatMap((held) => held[layer]!);
      assert.deepEqual(ids.toSorted(), [0, 1, 2, 3, 4]);
      assert.equal(shares[0]![layer]!.length, Math.max(...shares.map((held) => held[layer]!.length)));
    }
    assert.deepEqual(Object.keys(groups), [DRAWN_GROUP, "group-2", "group-3"]);
    const trained = Object.values(groups).reduce((sum, group) => sum + countParameters(groupShapes(model, group)), 0);
    assert.ok(trained < countParameters(parameterShapes(model)));
  });

  it("has windows of what the model takes, and the mode and codec that are asked for", () => {
    const { sequence: _, ...unsaid } = usual;
    const longest = MICRO.max_position_embeddings;
    const network = drawnNetwork(MICRO, { ...unsaid, shard: "full", codec: "topk-2bit" });
    assert.equal(network.data.sequence_length, Math.min(2048, longest));
    assert.equal(drawnNetwork({ ...MICRO, max_position_embeddings: 4096 }, unsaid).data.sequence_length, 2048);
    assert.equal(drawnNetwork(MICRO, { ...usual, sequence: longest }).data.sequence_length, longest);
    const longer = { ...usual, sequence: longest + 1 };
    assert.throws(() => drawnNetwork(MICRO, longer), coded("USAGE", new RegExp(`takes: ${longest} tokens`)));
    assert.deepEqual([network.model.shard, network.artifact.codec], [{ mode: "full" }, "topk-2bit"]);
    assert.equal(
      Object.values(network.phases).reduce((sum, blocks) => sum + blocks, 0),
      360,
    );
  });

  it("is refused where a group would have no expert, and for a model without any", () => {
    assert.throws(() => drawnNetwork(MICRO, { ...usual, groups: 5 }), coded("EXPERT_GROUP_INVALID", /has no expert/));
    const { num_experts: _, num_experts_per_tok: __, moe_intermediate_size: ___, ...shape } = MICRO;
    const dense = { ...shape, model_type: "qwen3", num_experts: 0, num_experts_per_tok: 0, moe_intermediate_size: 0 };
    assert.throws(
      () => drawnNetwork({ ...dense, norm_topk_prob: true, intermediate_size: 24 } as typeof MICRO, usual),
      coded("EXPERT_GROUP_INVALID", /upcycling|no experts/),
    );
  });
});
