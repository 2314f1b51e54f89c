import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { qwen3 } from "#bench/large/qwen3-30b.js";
import { gradients } from "#shared/engine/autodiff.js";
import type { Subgraph } from "#shared/engine/cut.js";
import { neededNodes } from "#shared/engine/needed-nodes.js";
import { compileSession, nativeHost, sessionOptions } from "#shared/engine/runtime/onnx-session.js";
import { emptyTensor, intTensor, sizeOf, type Tensor } from "#shared/engine/tensor.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { MOST_CHUNKS, queriesAtOnce } from "#shared/model/masks.js";
import { allExperts, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { vocabularyAtOnce } from "#shared/training/layers/head.js";
import { layerKinds } from "#shared/training/layers/layer-kinds.js";
import { keptShapes, layerGraphs } from "#shared/training/layers/layer-programs.js";
import { planLayers } from "#shared/training/layers/plan-layers.js";
import { buildObjective } from "#shared/training/objective.js";
import { planStep } from "#shared/training/plan.js";
import { peakOf } from "#shared/training/plan-peak.js";
import { device, floatsOf, MICRO, microIds, relativeError } from "./micro.js";
import { references } from "./reference.js";

const TOLERANCE = 2e-5;
/** Neither divides what it cuts. */
const CHUNKS = { queries: 5, rows: 7 };

/** Most bytes of intermediate results that ONNX Runtime's arena has given out at once in a run, as its own profile says. */
const heldByRun = async ({ graph, outputs }: Subgraph): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-profile-"));
  try {
    const options = { ...sessionOptions("cpu", 1), enableProfiling: true, profileFilePrefix: join(folder, "run") };
    const program = await compileSession(graph, outputs, {
      options,
      hostMemory: true,
      toNative: (tensor) => nativeHost(tensor as Tensor),
    });
    const fed = new Set(neededNodes(graph, Object.values(outputs)).flatMap(({ inputs }) => inputs));
    const feeds = graph.inputs
      .filter((input) => fed.has(input))
      .map(({ name, dtype, shape }) => [name, emptyTensor(dtype, shape.map(Number))] as const);
    await program.run(Object.fromEntries(feeds));
    await program.dispose();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file!), "utf8")) as { args?: Record<string, string> }[];
    return Math.max(...events.map(({ args }) => Number(args?.mem_bytes_requested_in_use ?? 0)));
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Loss and every gradient of a batch of two rows whose third token is another document's, and whose last does not count. */
const slopesOf = async (
  parameters: Parameters,
  shape: Omit<ForwardShape, "held">,
): Promise<Record<string, Float32Array>> => {
  const whole = { ...shape, held: allExperts(shape.config) };
  const { graph, params, loss } = buildObjective({
    loss: languageModelLoss(whole),
    inputs: batchInputs(whole),
    params: parameters,
  });
  const names = Object.keys(parameters);
  const slopes = gradients(
    loss,
    names.map((name) => params[name]!),
  );
  const program = await device.compile(graph, {
    loss,
    ...Object.fromEntries(names.map((name, i) => [name, slopes[i]!])),
  });
  const length = shape.sequenceLength;
  const tokens = shape.batchSize * length;
  const ids = microIds(tokens + 1, "chunks", shape.config);
  const targets = ids.slice(1).map((id, i) => (i % length === length - 1 ? -1 : id));
  const starts = Array.from({ length: tokens }, (_, i) => (i % length < 3 ? 0 : 3));
  const feeds: Record<string, Tensor> = {
    ...parameters,
    ids: intTensor(ids.slice(0, -1), [tokens]),
    targets: intTensor(targets, [tokens]),
    ...(shape.isolated && { starts: intTensor(starts, [tokens]) }),
  };
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, floatsOf(tensor)]));
};

describe("attention in chunks of queries, losses in chunks of rows", () => {
  it("are eight or more, and of all layers together no more than one graph can have", () => {
    const of = (layers: number, heads: number, t: number) => {
      const config = { ...MICRO, num_hidden_layers: layers, num_attention_heads: heads };
      return Math.ceil(t / queriesAtOnce({ config, held: [], batchSize: 1, sequenceLength: t }));
    };
    assert.deepEqual(
      [of(4, 8, 1024), of(4, 8, 2048), of(4, 8, 2000), of(4, 8, 4096), of(48, 32, 2048), of(128, 8, 2048)],
      [1, 8, 8, 16, 10, 4],
    );
    for (const t of [1000, 2000, 2048])
      for (const layers of [24, 48, 96]) assert.ok(layers * of(layers, 8, t) <= MOST_CHUNKS);
  });

  for (const family of ["qwen3_moe", "deepseek_v2", "llama"])
    for (const isolated of [false, true])
      it(`give the loss and every gradient of ${family}${isolated ? ", documents isolated" : ""}`, async () => {
        for (const { dir } of references(join("families", family))) {
          const { config, parameters } = await readCheckpoint(dir);
          const shape = { config, batchSize: 2, sequenceLength: 12, isolated };
          const whole = await slopesOf(parameters, shape);
          const chunked = await slopesOf(parameters, { ...shape, chunks: CHUNKS });
          for (const [name, values] of Object.entries(whole)) {
            const error = relativeError(chunked[name]!, values);
            assert.ok(error < TOLERANCE, `${dir}, ${name}: relative error ${error}`);
          }
        }
      });

  it("look at little more than half of the pairs of a long sequence, and at each once more for the gradient", () => {
    const config = { ...PRESETS.bench, max_position_embeddings: 2048 };
    const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: 2048 };
    const names = new Set(Object.keys(parameterShapes(config)));
    const { kind } = layerKinds(shape, names)[0]!;
    const { forward, backward } = layerGraphs(shape, kind, Number.POSITIVE_INFINITY);
    const ofAttention = ({ graph: { nodes } }: Subgraph) =>
      nodes.filter(({ operator, inputs }) => operator.name === "Softmax" && inputs[0]!.shape.length === 4);
    const [made, again] = [ofAttention(forward()), ofAttention(backward())];
    const scores = made.reduce((sum, { inputs }) => sum + sizeOf(inputs[0]!.shape.map(Number)), 0);
    assert.ok(scores <= 0.57 * config.num_attention_heads * shape.sequenceLength ** 2);
    assert.equal(again.length, made.length);
  });

  it("are kept where that saves a product, and not else", () => {
    const config = qwen3();
    const held = Array.from({ length: config.num_hidden_layers }, () => [0, 1, 2, 3]);
    const names = new Set(Object.keys(parameterShapes(config, held)).filter((name) => name.includes("experts")));
    for (const sequenceLength of [256, 1024, 2048, 4096]) {
      const shape = { config, held, batchSize: 1, sequenceLength };
      for (const [kind, { length }] of keptShapes(shape, layerKinds(shape, names))) {
        const products = (kept: number) =>
          layerGraphs(shape, kind, kept)
            .backward()
            .graph.nodes.filter(({ operator }) => operator.name === "MatMul").length;
        assert.ok(length === 0 || products(length) < products(0), `${length} kept at ${sequenceLength}`);
      }
    }
  });

  it("are made again for the gradient as far as nothing is kept of them", () => {
    const config = PRESETS.bench;
    const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: 128 };
    const { kind } = layerKinds(shape, new Set(Object.keys(parameterShapes(config))))[0]!;
    const products = (kept: number) =>
      layerGraphs(shape, kind, kept)
        .backward()
        .graph.nodes.filter(({ operator }) => operator.name === "MatMul").length;
    const all = keptShapes(shape, [{ kind }]).get(kind)!.length;
    // Heads and values, their projection, and three products of each expert.
    assert.equal(products(0) - products(all), 2 + 3 * config.num_experts);
  });

  it("take memory that grows with the sequence as the tokens do", async () => {
    const held = allExperts(MICRO);
    const activations = async (sequenceLength: number, chunks?: ForwardShape["chunks"]) => {
      const shape = { config: MICRO, held, batchSize: 1, sequenceLength, ...(chunks && { chunks }) };
      const plan = await planStep({
        loss: languageModelLoss(shape),
        inputs: batchInputs(shape),
        params: parameterShapes(MICRO),
        trainable: Object.keys(parameterShapes(MICRO)),
        hostMemory: true,
        mostRows: sequenceLength,
      });
      return plan.activations;
    };
    const chunks = { queries: 16, rows: 16 };
    const growth = async (of?: ForwardShape["chunks"]) => (await activations(1024, of)) / (await activations(512, of));
    assert.ok((await growth(chunks)) < 2.05);
    assert.ok((await growth()) > 3);
  });

  it("hold at a run's peak what is alive by the plan, though each is of another size", async () => {
    const config = { ...MICRO, max_position_embeddings: 512 };
    const shape = {
      config,
      held: allExperts(config),
      batchSize: 1,
      sequenceLength: 512,
      chunks: { queries: 32, rows: 512 },
    };
    for (const isolated of [false, true]) {
      const { kind } = layerKinds(shape, new Set(Object.keys(parameterShapes(config))))[0]!;
      const { graph, outputs } = layerGraphs({ ...shape, isolated }, kind, 0).backward();
      const planned = peakOf(graph, Object.values(outputs), shape.sequenceLength);
      const held = await heldByRun({ graph, outputs });
      assert.ok(held < 1.4 * planned, `${held} bytes, ${planned} planned`);
    }
  });

  it("take as little layer by layer, with the sizes of pieces that are really taken", () => {
    const of = (sequenceLength: number, vocabulary: number = PRESETS.bench.vocab_size) => {
      const config = { ...PRESETS.bench, vocab_size: vocabulary, max_position_embeddings: 16_384 };
      const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength };
      const trainable = Object.keys(parameterShapes(config)).filter((name) => name.includes("experts"));
      return planLayers({ shape, trainable, accumulation: 1 }).activations;
    };
    assert.ok(of(4096) > 1.5 * of(2048));
    for (const t of [4096, 8192]) assert.ok(of(2 * t) < 2.2 * of(t), `${of(2 * t)} over ${of(t)} from ${t} on`);
    assert.ok(of(4096, 4 * PRESETS.bench.vocab_size) < 1.3 * of(4096));
  });

  it("hold no more of the head's matrix than about a layer's weights, however few tokens there are", () => {
    for (const sequenceLength of [1, 64, 256, 2048, 4096]) {
      const config = qwen3();
      const rows = vocabularyAtOnce({ config, batchSize: 1, sequenceLength });
      assert.ok(4 * rows * config.hidden_size <= 128 * 2 ** 20, `${rows} rows`);
      assert.ok(rows >= 64);
    }
  });
});
