import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import type { Device, Tensors } from "#shared/engine/device.js";
import { type FloatTensor, floatTensor, intTensor, sizeOf } from "#shared/engine/tensor.js";
import { hasCode } from "#shared/errors/error.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { shardOf } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, expertOf, type Parameters } from "#shared/model/parameters.js";
import { wholeRouters } from "#shared/model/whole-routers.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { layerKinds } from "#shared/training/layers/layer-kinds.js";
import { HIDDEN, HIDDEN_GRADIENT, keptShapes, layerGraphs } from "#shared/training/layers/layer-programs.js";
import { layersStepGraphs } from "#shared/training/step-graphs.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { atEachRun } from "../../support/at-each-run.js";
import { device, floatsOf, MICRO, microIds, microParameters, relativeError } from "../model/micro.js";
import { references } from "../model/reference.js";

/** Losses differ by what rounding makes of sums in another order; AdamW's first steps magnify that of small gradients. */
const TOLERANCE = 1e-5;
const LENGTH = 10;

const batchOf = ({ config, isolated }: Pick<ForwardShape, "config" | "isolated">, seed: string): Tensors => {
  const ids = microIds(2 * LENGTH + 1, seed, config);
  const targets = ids.slice(1).map((id, i) => (i % LENGTH === LENGTH - 1 ? -1 : id));
  const starts = targets.map((_, i) => (i % LENGTH < 4 ? 0 : 4));
  return {
    ids: intTensor(ids.slice(0, -1)),
    targets: intTensor(targets),
    ...(isolated && { starts: intTensor(starts) }),
  };
};

const noise = (seed: string, shape: readonly number[]): FloatTensor => {
  const random = createRandom(seed);
  return floatTensor(
    Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.next() - 1),
    shape,
  );
};

/** A device that tells of each program, and of each run before it begins. */
const watched = (onCompile: () => void, onRun: () => void): Device => {
  const running = atEachRun(device, onRun);
  return {
    ...running,
    compile: (...given) => {
      onCompile();
      return running.compile(...given);
    },
  };
};

interface Case {
  readonly parameters: Parameters;
  readonly shape: ForwardShape;
  readonly trainable: readonly string[];
}

/** Two steps of two micro-batches each: losses, norms and what became of the trained weights and their moments. */
const train = async ({ parameters, shape, trainable }: Case, way: "whole" | "layers") => {
  const names = new Set(trainable);
  const ofThose = (isTrained: boolean) =>
    Object.fromEntries(Object.entries(parameters).filter(([name]) => names.has(name) === isTrained));
  const step = await createTrainStep({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: way === "whole" ? parameters : ofThose(true),
    trainable,
    accumulation: 2,
    // A large epsilon: an update is then in proportion to the gradient, however small that is.
    adamw: { eps: 1 },
    clip: null,
    ...(way === "layers" && { layered: { shape, frozen: frozenInMemory(ofThose(false)) } }),
  });
  const scalars: number[] = [];
  for (const round of [0, 1]) {
    const batches = ["a", "b"].map((name) => batchOf(shape, `${name}${round}`));
    const { loss, gradNorm } = await step.step(batches, 0.1);
    scalars.push(loss, gradNorm);
  }
  const { params, m } = await step.state();
  await step.dispose();
  return { scalars, params, m };
};

const pickExperts = (parameters: Parameters, held: ForwardShape["held"]): Parameters =>
  Object.fromEntries(
    Object.entries(parameters).filter(([name]) => {
      const place = expertOf(name);
      return place !== null && held[place.layer]!.includes(place.expert);
    }),
  );

const agree = async (what: Case): Promise<void> => {
  const [whole, layers] = [await train(what, "whole"), await train(what, "layers")];
  for (const [i, value] of whole.scalars.entries())
    assert.ok(Math.abs(layers.scalars[i]! - value) < TOLERANCE * Math.abs(value), `${layers.scalars[i]} for ${value}`);
  for (const part of ["params", "m"] as const)
    for (const [name, { data }] of Object.entries(whole[part])) {
      const error = relativeError(layers[part][name]!.data, data);
      assert.ok(error < 10 * TOLERANCE, `${part} of ${name}: relative error ${error}`);
    }
};

describe("a step by layers", () => {
  for (const family of ["qwen3_moe", "deepseek_v2", "llama", "granitemoe"])
    for (const isolated of [false, true])
      it(`does what the whole graph's does to ${family}${isolated ? ", documents isolated" : ""}`, async () => {
        for (const { dir } of references(join("families", family))) {
          const { config, parameters } = await readCheckpoint(dir);
          const shape = { config, held: allExperts(config), batchSize: 2, sequenceLength: LENGTH, isolated };
          // Pieces that do not divide the vocabulary, so that the last is smaller.
          const pieces = { queries: 4, rows: 7, vocabulary: Math.ceil(config.vocab_size / 3) + 1 };
          await agree({ parameters, shape: { ...shape, chunks: pieces }, trainable: Object.keys(parameters) });
        }
      });

  for (const family of ["qwen3_moe", "deepseek_v2", "llama"])
    it(`gives the loss and the gradients of ${family} in transformers`, async () => {
      for (const { dir, batchSize, sequenceLength, ids, targets, loss: expected, gradients } of references(
        join("families", family),
      )) {
        const { config, parameters } = await readCheckpoint(dir);
        const shape = { config, held: allExperts(config), batchSize, sequenceLength };
        const step = await createTrainStep({
          device,
          loss: languageModelLoss(shape),
          inputs: batchInputs(shape),
          params: parameters,
          trainable: Object.keys(gradients),
          clip: null,
          layered: { shape },
        });
        const { loss } = await step.step([{ ids: intTensor(ids), targets: intTensor(targets) }], 0);
        assert.ok(Math.abs(loss - expected) < 1e-4 * expected, `${loss} for ${expected}`);
        // After one step the first moment is the gradient.
        const { m } = await step.state();
        await step.dispose();
        for (const [name, { data }] of Object.entries(gradients)) {
          const error = relativeError(m[name]!.data, data);
          assert.ok(error < 1e-4, `${dir}, ${name}: relative error ${error}`);
        }
      }
    });

  it("trains a group's experts against a frozen hub, and the head of one piece", async () => {
    const parameters = microParameters(MICRO);
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
    const trainable = Object.keys(parameters).filter((name) => expertOf(name) !== null && expertOf(name)!.expert < 2);
    await agree({ parameters, shape, trainable });
  });

  it("keeps tokens with the experts held, where layers of a kind hold other ids", async () => {
    const held = [
      [0, 2],
      [3, 1],
    ];
    const shape = { config: MICRO, held, heldAffinity: 0.5, batchSize: 2, sequenceLength: LENGTH };
    const whole = microParameters(MICRO);
    const parameters = { ...shardOf(whole, pickExperts(whole, held), held), ...wholeRouters(shape, whole) };
    const trainable = Object.keys(parameters).filter((name) => expertOf(name) !== null);
    assert.equal(new Set(layerKinds(shape, new Set(trainable)).map(({ kind }) => kind)).size, 1);
    await agree({ parameters, shape, trainable });
    const without = await train({ parameters, shape: { ...shape, heldAffinity: 0 }, trainable }, "whole");
    assert.notDeepEqual(without.m, (await train({ parameters, shape, trainable }, "whole")).m);
  });

  for (const family of ["deepseek_v2", "granitemoe", "qwen2_moe"])
    it(`keeps tokens with a part of ${family}'s experts`, async () => {
      for (const { dir } of references(join("families", family))) {
        const { config, parameters: whole } = await readCheckpoint(dir);
        const held = allExperts(config).map((experts) => experts.slice(1, 3));
        const shape = { config, held, heldAffinity: 0.5, batchSize: 2, sequenceLength: LENGTH, isolated: true };
        const parameters = { ...shardOf(whole, pickExperts(whole, held), held), ...wholeRouters(shape, whole) };
        const trainable = Object.keys(parameters).filter((name) => expertOf(name) !== null);
        await agree({ parameters, shape, trainable });
      }
    });

  it("needs no backward pass below the lowest trained layer", async () => {
    const parameters = microParameters(MICRO);
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
    const trainable = Object.keys(parameters).filter((name) => expertOf(name)?.layer === 1);
    await agree({ parameters, shape, trainable });
  });

  it("has one program a kind of layer, whatever the experts' ids", () => {
    const config = { ...MICRO, num_hidden_layers: 3, mlp_only_layers: [1], intermediate_size: 8 };
    const held = [[0, 2], [], [1, 3]];
    const kinds = layerKinds({ config, held }, new Set(["model.layers.0.mlp.experts.2.up_proj.weight"]));
    assert.equal(new Set(kinds.map(({ kind }) => kind)).size, 3);
    const alike = layerKinds({ config, held }, new Set());
    assert.equal(new Set(alike.map(({ kind }) => kind)).size, 2);
    assert.equal(
      alike[2]!.names.get("model.layers.0.mlp.experts.2.up_proj.weight"),
      "model.layers.2.mlp.experts.3.up_proj.weight",
    );
  });

  it("reads frozen weights that are replaced", async () => {
    const parameters = microParameters(MICRO);
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
    const trainable = ["model.norm.weight"];
    const options = { device, loss: languageModelLoss(shape), inputs: batchInputs(shape), trainable };
    const step = await createTrainStep({ ...options, params: parameters, layered: { shape } });
    const { "model.norm.weight": _, ...others } = microParameters(MICRO, "others");
    await step.freeze({
      shapes: Object.fromEntries(Object.entries(others).map(([n, { shape: s }]) => [n, s])),
      read: async (name) => others[name]!,
    });
    const { loss } = await step.step([batchOf(shape, "a")], 0);
    await step.dispose();
    const whole = await createTrainStep({ ...options, params: { ...parameters, ...others } });
    const { loss: expected } = await whole.step([batchOf(shape, "a")], 0);
    await whole.dispose();
    assert.ok(Math.abs(loss - expected) < TOLERANCE * expected);
  });

  for (const part of ["forward", "backward"])
    it(`ends before the next program when it is told to in its ${part} pass, and has changed nothing`, async () => {
      const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
      const over = new AbortController();
      const reason = new Error("it is stopped");
      let runs = 0;
      let last = Number.POSITIVE_INFINITY;
      const counting = watched(
        () => undefined,
        () => {
          if (++runs === last) over.abort(reason);
        },
      );
      const params = microParameters(MICRO);
      const train = await createTrainStep({
        device: counting,
        loss: languageModelLoss(shape),
        inputs: batchInputs(shape),
        params,
        trainable: Object.keys(params),
        accumulation: 2,
        layered: { shape: { ...shape, chunks: { vocabulary: 7 } } },
      });
      const batches = [batchOf(shape, "a"), batchOf(shape, "b")];
      await train.step(batches, 0.1);
      const all = runs;
      const before = await train.state();
      runs = 0;
      // The second micro-batch's first layer, and the one before its last.
      last = part === "forward" ? all / 2 + 1 : all - 1;
      await assert.rejects(
        train.step(batches, 0.1, () => false, over.signal),
        reason,
      );
      assert.equal(runs, last);
      assert.deepEqual(await train.state(), before);
      await assert.rejects(
        train.step(batches, 0.1, () => false, over.signal),
        reason,
      );
      assert.equal(runs, last);
      await train.dispose();
    });

  it("gives a batch's loss by its forward pass alone, and changes nothing", async () => {
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
    let runs = 0;
    const params = microParameters(MICRO);
    const train = await createTrainStep({
      device: watched(
        () => undefined,
        () => runs++,
      ),
      loss: languageModelLoss(shape),
      inputs: batchInputs(shape),
      params,
      trainable: Object.keys(params),
      layered: { shape: { ...shape, chunks: { vocabulary: 7 } } },
    });
    const before = await train.state();
    const loss = await train.loss(batchOf(shape, "a"));
    // Each layer, the last norm, and the pieces of the vocabulary.
    assert.equal(runs, MICRO.num_hidden_layers + 1 + Math.ceil(MICRO.vocab_size / 7));
    assert.deepEqual(await train.state(), before);
    assert.equal((await train.step([batchOf(shape, "a")], 0, () => true)).loss, loss);
    await train.dispose();
  });

  it("is planned with the programs that it runs, as often as it runs them", async () => {
    for (const vocabulary of [7, 8]) {
      const config = { ...MICRO, num_hidden_layers: 3, mlp_only_layers: [1], intermediate_size: 8 };
      const params = microParameters(config);
      const trainable = Object.keys(params).filter((name) => expertOf(name)?.layer === 2);
      const whole = { config, held: allExperts(config), batchSize: 2, sequenceLength: LENGTH };
      const shape = { ...whole, chunks: { vocabulary } };
      let [compiled, runs] = [0, 0];
      const train = await createTrainStep({
        device: watched(
          () => compiled++,
          () => runs++,
        ),
        loss: languageModelLoss(shape),
        inputs: batchInputs(shape),
        params,
        trainable,
        accumulation: 2,
        layered: { shape },
      });
      await train.step([batchOf(shape, "a"), batchOf(shape, "b")], 0.1);
      await train.dispose();
      const planned = layersStepGraphs(shape, trainable, 2);
      assert.deepEqual([compiled, runs], [planned.length, planned.reduce((sum, graph) => sum + graph.runs, 0)]);
    }
  });

  it("refuses tokens that the vocabulary does not have", async () => {
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: LENGTH };
    const step = await createTrainStep({
      device,
      loss: languageModelLoss(shape),
      inputs: batchInputs(shape),
      params: microParameters(MICRO),
      trainable: ["model.norm.weight"],
      layered: { shape },
    });
    const batch = batchOf(shape, "a");
    const beyond = { ...batch, ids: intTensor(new Array<number>(2 * LENGTH).fill(MICRO.vocab_size)) };
    await assert.rejects(step.step([beyond], 0), (thrown) => hasCode(thrown, "GRAPH_RUN"));
    await step.dispose();
  });

  for (const family of ["qwen3_moe", "deepseek_v2"])
    it(`gives the same gradients of ${family} however much of a layer is kept`, async () => {
      for (const { dir } of references(join("families", family))) {
        const { config, parameters } = await readCheckpoint(dir);
        const shape = {
          config,
          held: allExperts(config),
          batchSize: 2,
          sequenceLength: LENGTH,
          chunks: { queries: 4 },
        };
        const layers = layerKinds(shape, new Set(Object.keys(parameters)));
        for (const kind of new Set(layers.map((layer) => layer.kind))) {
          const state = [2 * LENGTH, config.hidden_size];
          const weights = Object.fromEntries(Object.keys(kind.shapes).map((name) => [name, parameters[name]!]));
          const feeds = { ...weights, [HIDDEN]: noise("kept", state) };
          const given = noise("slopes", state);
          const slopesWith = async (kept: number) => {
            const [forward, backward] = [
              layerGraphs(shape, kind, kept).forward(),
              layerGraphs(shape, kind, kept).backward(),
            ];
            const ahead = await device.compile(forward.graph, forward.outputs);
            const back = await device.compile(backward.graph, backward.outputs);
            const { [HIDDEN]: _, ...made } = await ahead.run(feeds);
            const slopes = await back.run({ ...feeds, ...made, [HIDDEN_GRADIENT]: given });
            await ahead.dispose();
            await back.dispose();
            return slopes;
          };
          const all = keptShapes(shape, layers).get(kind)!.length;
          assert.ok(all > 3, `${all}`);
          const expected = await slopesWith(0);
          for (let kept = 1; kept <= all; kept++)
            for (const [name, tensor] of Object.entries(await slopesWith(kept))) {
              const error = relativeError(floatsOf(tensor), floatsOf(expected[name]!));
              assert.ok(error < TOLERANCE, `${dir}, ${kept} of ${all} kept, ${name}: ${error}`);
            }
        }
      }
    });
});
