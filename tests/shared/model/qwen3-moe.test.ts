import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { parameterShapes } from "#shared/model/parameters.js";
import { floatsOf, relativeError } from "./micro.js";
import { ourResults } from "./our-results.js";
import { keysOf, references } from "./reference.js";

const TOLERANCE = 1e-4;

describe("Qwen3-MoE, against transformers", () => {
  const all = references("qwen3-moe");

  it("has references of tied and untied embeddings, and of both meanings of norm_topk_prob", async () => {
    const configs = await Promise.all(all.map(async ({ dir }) => (await readCheckpoint(dir)).config));
    for (const field of ["tie_word_embeddings", "norm_topk_prob"] as const)
      assert.deepEqual(new Set(configs.map((config) => config[field])), new Set([true, false]));
    assert.deepEqual(configs.map(({ num_experts_per_tok: k }) => k).sort(), [1, 2, 3]);
  });

  for (const reference of all) {
    it(`${reference.name}: the same tensors, under the same names`, async () => {
      const { config } = await readCheckpoint(reference.dir);
      assert.deepEqual({ ...parameterShapes(config) }, keysOf(reference));
    });

    it(`${reference.name}: the same logits, loss and gradients`, async () => {
      const results = await ourResults(reference);
      const agree = (name: string, expected: ArrayLike<number>) => {
        const error = relativeError(floatsOf(results[name]), expected);
        assert.ok(error < TOLERANCE, `${name}: relative error ${error}`);
      };
      agree("logits", reference.logits.data);
      agree("loss", [reference.loss]);
      const names = Object.keys(reference.gradients);
      assert.deepEqual(names.sort(), Object.keys(keysOf(reference)).sort());
      for (const name of names) agree(name, reference.gradients[name]!.data);
    });
  }
});
