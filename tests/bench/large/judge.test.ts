import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { judgeLarge } from "#bench/large/judge.js";
import { qwen3 } from "#bench/large/qwen3-30b.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

test("the large model is Qwen3-30B-A3B", () => {
  assert.equal(countParameters(parameterShapes(qwen3())), 30_532_122_624);
});

test("a cut of four layers in small widths is judged from sparse files, which are gone afterwards", async (t) => {
  const folder = temporaryFolder(t);
  const model = {
    ...qwen3(4),
    vocab_size: 512,
    hidden_size: 64,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    num_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 32,
  };
  const size = { model, windows: 3, sequence: 32, experts: 2, candidates: 2, states: 0, folder };
  const judged = await judgeLarge(onnxCpu({ threads: 1 }), size);
  assert.equal(judged.losses.length, 3);
  assert.ok(judged.losses.every(Number.isFinite));
  assert.equal(new Set(judged.losses).size, 3, "each candidate changes the loss");
  assert.equal(judged.modelBytes, 2 * countParameters(parameterShapes(model)));
  assert.ok(judged.planned > 80e6);
  assert.deepEqual(readdirSync(folder), []);
});
