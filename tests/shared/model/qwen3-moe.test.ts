import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { intTensor } from "#shared/engine/tensor.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { forward } from "#shared/model/forward.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, parameterShapes } from "#shared/model/parameters.js";
import { buildObjective } from "#shared/training/objective.js";
import { device, floatsOf, relativeError } from "./micro.js";
import { type Reference, references } from "./reference.js";

const TOLERANCE = 1e-4;

/** Our logits, loss and gradients of every parameter, in one program. */
const ours = async ({ dir, ids, targets, batchSize, sequenceLength }: Reference) => {
  const { config, parameters } = await readCheckpoint(dir);
  const shape = { config, held: allExperts(config), batchSize, sequenceLength };
  const { graph, params, loss } = buildObjective({
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: parameters,
  });
  const input = graph.inputs.find(({ name }) => name === "ids")!;
  const names = Object.keys(parameters);
  const slopes = gradients(
    loss,
    names.map((name) => params[name]!),
  );
  const outputs = Object.fromEntries(names.map((name, i) => [name, slopes[i]!]));
  const program = await device.compile(graph, {
    ...outputs,
    loss,
    logits: forward(graph, params, input, shape).logits,
  });
  try {
    const length = [batchSize * sequenceLength];
    return await program.run({ ...parameters, ids: intTensor(ids, length), targets: intTensor(targets, length) });
  } finally {
    await program.dispose();
  }
};

describe("Qwen3-MoE, against transformers", () => {
  const all = references();

  it("has references of tied and untied embeddings, and of both meanings of norm_topk_prob", async () => {
    const configs = await Promise.all(all.map(async ({ dir }) => (await readCheckpoint(dir)).config));
    for (const field of ["tie_word_embeddings", "norm_topk_prob"] as const)
      assert.deepEqual(new Set(configs.map((config) => config[field])), new Set([true, false]));
    assert.deepEqual(configs.map(({ num_experts_per_tok: k }) => k).sort(), [1, 2, 3]);
  });

  for (const reference of all) {
    it(`${reference.name}: the same tensors, under the same names`, async () => {
      const { config } = await readCheckpoint(reference.dir);
      assert.deepEqual({ ...parameterShapes(config) }, reference.keys);
    });

    it(`${reference.name}: the same logits, loss and gradients`, async () => {
      const results = await ours(reference);
      const agree = (name: string, expected: ArrayLike<number>) => {
        const error = relativeError(floatsOf(results[name]), expected);
        assert.ok(error < TOLERANCE, `${name}: relative error ${error}`);
      };
      agree("logits", reference.logits.data);
      agree("loss", [reference.loss]);
      const names = Object.keys(reference.gradients);
      assert.deepEqual(names.sort(), Object.keys(reference.keys).sort());
      for (const name of names) agree(name, reference.gradients[name]!.data);
    });
  }
});
