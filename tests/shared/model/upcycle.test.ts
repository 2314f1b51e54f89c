import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { intTensor, sizeOf } from "#shared/engine/tensor.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { denseNameOf, newRouters, upcycledConfig, upcycledParameters } from "#shared/model/upcycle.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { denseMicro, device, MICRO, microIds } from "./micro.js";

const parametersOf = (config: ModelConfig): Parameters => {
  const random = createRandom("dense");
  return Object.fromEntries(
    Object.entries(parameterShapes(config)).map(([name, shape]) => {
      const centre = shape.length === 1 ? 1 : 0;
      const data = Float32Array.from({ length: sizeOf(shape) }, () => centre + 1.2 * (random.next() - 0.5));
      return [name, { dtype: "float32", shape, data }];
    }),
  );
};

const lossOf = async (config: ModelConfig, params: Parameters): Promise<number> => {
  const step = { config, held: allExperts(config), batchSize: 2, sequenceLength: 8 };
  const evaluator = await createEvaluator({ device, loss: languageModelLoss(step), inputs: batchInputs(step), params });
  const ids = microIds(17);
  try {
    const batch = { ids: intTensor(ids.slice(0, 16)), targets: intTensor(ids.slice(1)) };
    return (await evaluator.evaluate({}, batch)).loss;
  } finally {
    await evaluator.dispose();
  }
};

describe("an upcycled model", () => {
  it("has the dense model's loss, whatever its routers", async () => {
    for (const [type, perToken] of [
      ["llama", 1],
      ["llama", 2],
      ["qwen3", 1],
      ["qwen3", 3],
    ] as const) {
      const dense = denseMicro(type);
      const weights = parametersOf(dense);
      const config = upcycledConfig(dense, { experts: 4, perToken });
      const routers = newRouters(config, createRandom("routers"));
      const loud = Object.fromEntries(
        Object.entries(routers).map(([name, router]) => [name, { ...router, data: router.data.map((w) => 40 * w) }]),
      );
      const expected = await lossOf(dense, weights);
      for (const routed of [routers, loud]) {
        const loss = await lossOf(config, upcycledParameters(config, weights, routed));
        assert.ok(Math.abs(loss - expected) < 1e-5, `${type}, ${perToken} a token: ${loss}, dense ${expected}`);
      }
    }
  });

  it("is of a family with experts that transformers loads", () => {
    const mixtral = upcycledConfig(denseMicro("llama"), { experts: 8, perToken: 2 });
    assert.equal(mixtral.model_type, "mixtral");
    assert.equal(mixtral.moe_intermediate_size, MICRO.moe_intermediate_size);
    assert.ok(!("intermediate_size" in mixtral));
    const qwen = upcycledConfig(denseMicro("qwen3", { attention_bias: true }), { experts: 8, perToken: 2 });
    assert.ok(!("model_type" in qwen) && qwen.attention_bias === true && qwen.norm_topk_prob);
  });

  it("copies every tensor but the routers", () => {
    assert.equal(denseNameOf("model.layers.3.mlp.experts.2.down_proj.weight"), "model.layers.3.mlp.down_proj.weight");
    assert.equal(denseNameOf("model.layers.3.mlp.gate.weight"), null);
    assert.equal(denseNameOf("model.norm.weight"), "model.norm.weight");
  });

  it("cannot be made of a model with experts, of biases without a family, or with numbers that do not fit", () => {
    const code = "UPCYCLE_UNSUPPORTED";
    assert.throws(() => upcycledConfig(MICRO, { experts: 4, perToken: 1 }), { code });
    assert.throws(() => upcycledConfig(denseMicro("llama", { attention_bias: true }), { experts: 4, perToken: 1 }), {
      code,
    });
    assert.throws(() => upcycledConfig(denseMicro("llama"), { experts: 2, perToken: 3 }), { code });
  });
});
