import assert from "node:assert/strict";
import { test } from "node:test";
import { qwen3 } from "#bench/large/qwen3-30b.js";
import { trainLarge } from "#bench/large/train.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

test("a group of a generated model's four layers, narrower, trains from its files", async (t) => {
  const model = {
    ...qwen3(4),
    vocab_size: 512,
    hidden_size: 64,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    moe_intermediate_size: 32,
  };
  const shape = { model, experts: 4, sequence: 64, steps: 2, folder: temporaryFolder(t) };
  const { losses, trained, modelBytes } = await trainLarge(onnxCpu({ threads: 1 }), shape);
  assert.equal(trained, 4 * 4 * 3 * 64 * 32);
  assert.ok(modelBytes > 2 * 128 * 4 * 3 * 64 * 32);
  // Weights are random: a token is as likely as any other.
  for (const loss of losses) assert.ok(Math.abs(loss - Math.log(512)) < 1, `${loss}`);
});
