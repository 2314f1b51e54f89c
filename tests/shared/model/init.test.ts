import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { initialParameters } from "#shared/model/init.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { modelConfigSchema } from "#shared/protocol/model-config.js";
import { MICRO } from "./micro.js";

describe("initial parameters", () => {
  const parameters = initialParameters(PRESETS.tiny, createRandom("init"));
  const matrices = Object.values(parameters).filter(({ shape }) => shape.length === 2);

  it("are the model's, norms one", () => {
    const shapes = Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape]));
    assert.deepEqual(shapes, parameterShapes(PRESETS.tiny));
    for (const { shape, data } of Object.values(parameters))
      if (shape.length === 1) assert.ok(data.every((value) => value === 1));
  });

  it("are normal with standard deviation 0.02", () => {
    const sums = { count: 0, first: 0, second: 0, fourth: 0 };
    for (const { data } of matrices)
      for (const value of data) {
        const z = value / 0.02;
        sums.count++;
        sums.first += z;
        sums.second += z * z;
        sums.fourth += z * z * z * z;
      }
    const { count } = sums;
    // Bounds are about five standard errors of each moment.
    assert.ok(count > 1_300_000);
    assert.ok(Math.abs(sums.first / count) < 0.0045, `mean ${sums.first / count}`);
    assert.ok(Math.abs(sums.second / count - 1) < 0.0065, `variance ${sums.second / count}`);
    assert.ok(Math.abs(sums.fourth / count - 3) < 0.045, `fourth moment ${sums.fourth / count}`);
  });

  it("come from the seed alone, and differ from tensor to tensor", () => {
    const again = initialParameters(MICRO, createRandom("a"));
    assert.deepEqual(initialParameters(MICRO, createRandom("a")), again);
    assert.notDeepEqual(initialParameters(MICRO, createRandom("b")), again);
    const heads = Object.values(again)
      .filter(({ shape }) => shape.length === 2)
      .map(({ data }) => data.subarray(0, 4).join());
    assert.equal(new Set(heads).size, heads.length);
  });
});

describe("presets", () => {
  const millions = (preset: keyof typeof PRESETS) => countParameters(parameterShapes(PRESETS[preset])) / 1e6;

  it("are configs of a network file", () => {
    for (const preset of Object.values(PRESETS)) assert.deepEqual(modelConfigSchema.parse(preset), preset);
  });

  it("have the sizes that their descriptions say", () => {
    assert.equal(millions("tiny").toFixed(1), "1.3");
    assert.equal(millions("bench").toFixed(1), "13.9");
  });

  it("include the shape that figures about speed refer to", () => {
    const { num_hidden_layers, hidden_size, num_experts, num_experts_per_tok, moe_intermediate_size, vocab_size } =
      PRESETS.bench;
    assert.deepEqual(
      { num_hidden_layers, hidden_size, num_experts, num_experts_per_tok, moe_intermediate_size, vocab_size },
      {
        num_hidden_layers: 4,
        hidden_size: 256,
        num_experts: 8,
        num_experts_per_tok: 2,
        moe_intermediate_size: 512,
        vocab_size: 2048,
      },
    );
  });
});
