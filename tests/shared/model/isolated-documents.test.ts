import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gradients } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import { intTensor, type Tensor } from "#shared/engine/tensor.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { forward } from "#shared/model/forward.js";
import { batchInputs, forwardBatch, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { buildObjective } from "#shared/training/objective.js";
import { device, floatsOf, microIds, relativeError } from "./micro.js";
import { references, VECTORS } from "./reference.js";

const TOLERANCE = 1e-4;
const FAMILIES = ["deepseek_v2", "granitemoe", "llama", "mixtral", "olmoe", "qwen2_moe", "qwen3", "qwen3_moe"];

/** For each token of a row of documents, where its document begins. */
const startsOf = (lengths: readonly number[]): bigint[] => {
  let begin = 0;
  return lengths.flatMap((length) => {
    const starts = new Array<bigint>(length).fill(BigInt(begin));
    begin += length;
    return starts;
  });
};

/** What transformers made of documents one by one: `tests/interop/isolated_documents.py`. */
const recorded = () => {
  const { tensors } = parseSafetensors(readFileSync(join(VECTORS, "isolated-documents.safetensors")));
  const integers = (name: string): bigint[] => {
    const { data } = tensors.get(name)!;
    return [...new BigInt64Array(Uint8Array.from(data).buffer)];
  };
  const floats = (name: string): Float32Array => toFloats(tensors.get(name)!);
  const slopes = [...tensors.keys()].filter((name) => name.startsWith("grad."));
  return {
    ids: integers("ids"),
    lengths: integers("lengths").map(Number),
    logits: floats("logits"),
    loss: floats("loss"),
    gradients: new Map(slopes.map((name) => [name.slice("grad.".length), floats(name)])),
  };
};

interface Run {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly ids: readonly number[];
  /** Tokens of each document; one document where it is left out. */
  readonly lengths?: readonly number[];
}

const logitsOf = async ({ config, parameters, ids, lengths }: Run): Promise<Float32Array> => {
  const graph = new Graph();
  const weights = Object.fromEntries(
    Object.entries(parameters).map(([name, { shape }]) => [name, graph.input(name, shape)]),
  );
  const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: ids.length };
  const input = graph.input("ids", [ids.length], "int64");
  const { logits } = lengths
    ? forwardBatch(
        graph,
        weights,
        { ids: input, starts: graph.input("starts", [ids.length], "int64") },
        { ...shape, isolated: true },
      )
    : forward(graph, weights, input, shape);
  const program = await device.compile(graph, { logits });
  try {
    const starts: Record<string, Tensor> = lengths
      ? { starts: intTensor(BigInt64Array.from(startsOf(lengths)), [ids.length]) }
      : {};
    const feeds = { ...parameters, ids: intTensor(ids), ...starts };
    return Float32Array.from(floatsOf((await program.run(feeds)).logits));
  } finally {
    await program.dispose();
  }
};

describe("isolated documents", () => {
  it("are to transformers the documents one by one: logits, loss and every gradient", async () => {
    const { ids, lengths, ...expected } = recorded();
    const { config, parameters } = await readCheckpoint(join(VECTORS, "qwen3-moe", "tied-top2"));
    const length = ids.length;
    const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: length, isolated: true };
    const inputs = batchInputs(shape);
    const objective = buildObjective({ loss: languageModelLoss(shape), inputs, params: parameters });
    const { graph, params, loss } = objective;
    const named = Object.fromEntries(graph.inputs.map((input) => [input.name, input]));
    const names = [...expected.gradients.keys()];
    assert.deepEqual(names.toSorted(), Object.keys(parameters).sort());
    const slopes = gradients(
      loss,
      names.map((name) => params[name]!),
    );
    const program = await device.compile(graph, {
      loss,
      logits: forwardBatch(graph, params, named, shape).logits,
      ...Object.fromEntries(names.map((name, i) => [name, slopes[i]!])),
    });
    const starts = startsOf(lengths);
    // What follows a document's last token is another document's first, or nothing.
    const targets = ids.map((_, i) => (starts[i + 1] === starts[i] ? ids[i + 1]! : -1n));
    const feeds = { ids, targets, starts };
    const results = await program.run({
      ...parameters,
      ...Object.fromEntries(
        Object.entries(feeds).map(([name, values]) => [name, intTensor(BigInt64Array.from(values), [length])]),
      ),
    });
    await program.dispose();
    const agree = (name: string, values: ArrayLike<number>) => {
      const error = relativeError(floatsOf(results[name]), values);
      assert.ok(error < TOLERANCE, `${name}: relative error ${error}`);
    };
    agree("logits", expected.logits);
    agree("loss", expected.loss);
    for (const [name, values] of expected.gradients) agree(name, values);
  });

  for (const family of FAMILIES)
    it(`of ${family} give what each gives alone`, async () => {
      const lengths = [6, 1, 9];
      for (const { dir } of references(join("families", family))) {
        const { config, parameters } = await readCheckpoint(dir);
        const model = { config, parameters };
        const ids = microIds(16, family, config);
        const together = await logitsOf({ ...model, ids, lengths });
        let from = 0;
        for (const length of lengths) {
          const alone = await logitsOf({ ...model, ids: ids.slice(from, from + length) });
          const own = together.subarray(from * config.vocab_size, (from + length) * config.vocab_size);
          assert.ok(relativeError(own, alone) < TOLERANCE, `${dir}, document at ${from}`);
          from += length;
        }
      }
    });
});
