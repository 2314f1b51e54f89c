import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Device } from "#shared/engine/device.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { referenceBatches } from "#shared/evaluation/reference-text.js";
import {
  ownerless,
  type ShardLoss,
  type ShardLossOptions,
  type ShardLossProgress,
  shardBatchLosses,
  shardLosses,
} from "#shared/evaluation/shard-losses.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { blocksOf } from "#shared/model/families/index.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { type Parameters as ModelParameters, parameterShapes } from "#shared/model/parameters.js";
import { groupShard, shardExperts } from "#shared/model/shard.js";
import { windowsOf } from "#shared/model/windows.js";
import { MODEL_TYPES, type ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { mean } from "#shared/util/mean.js";
import { template } from "#tests/support/micro-network.js";
import { device, MICRO, microParameters } from "../model/micro.js";
import { references } from "../model/reference.js";
import { batchesOf, placed } from "./layers/material.js";

const folder = mkdtempSync(join(tmpdir(), "blockzero-shards-"));
after(() => rmSync(folder, { recursive: true }));

const ROOM = { memory: 1e9, folder };
const { signal } = new AbortController();

/** Of six experts one group has two and then three, the other one, and nobody the rest. */
const MODEL: ModelConfig = { ...MICRO, vocab_size: 264, num_hidden_layers: 3, num_experts: 6 };
const networkOf = (shard?: Shard): Network => ({
  ...template,
  genesis: "0".repeat(64),
  model: { ...MODEL, ...(shard && { shard }) },
  groups: {
    math: { experts: { 0: [1, 4], 1: [0, 2, 5], 2: [0, 3] }, data: [{ kind: "arithmetic", weight: 1 }] },
    other: { experts: { 0: [2], 1: [1], 2: [5] }, data: [{ kind: "arithmetic", weight: 1 }] },
  },
  data: { tokenizer: "byte", split: "sha256", sequence_length: 16, held_out: 0.1 },
  scoring: { ...template.scoring, eval_batch_size: 2 },
});

/** What the shard's graph as a whole comes to, with all that it holds in memory. */
const inMemory = async (
  network: Network,
  parameters: ModelParameters,
  group: string,
  batches: ReturnType<typeof batchesOf>,
) => {
  const { model, data, scoring } = network;
  const shape = {
    config: model,
    held: shardExperts(network, group),
    ...windowsOf(data, scoring.eval_batch_size),
  };
  const evaluator = await createEvaluator({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: groupShard(network, group, parameters, {}),
  });
  const losses: number[] = [];
  for (const batch of batches) losses.push((await evaluator.evaluate({}, batchTensors(batch))).loss);
  await evaluator.dispose();
  return losses;
};

/** Batches are joined for a run, and their sums taken in another order. */
const isClose = (found: number, expected: number, what: string): void =>
  assert.ok(Math.abs(found - expected) <= 1e-5 * expected, `${what}: ${found}, in memory ${expected}`);

const allLosses = async (...of: Parameters<typeof shardLosses>) => {
  const losses: ShardLoss[] = [];
  for await (const ofGroup of shardLosses(...of)) losses.push(ofGroup);
  return losses;
};

const modes: readonly Shard[] = [
  { mode: "restricted" },
  { mode: "anchored", anchors: ownerless(networkOf())! },
  { mode: "full" },
];

describe("a group's losses, layer by layer", () => {
  for (const shard of modes)
    it(`are those of its shard in memory: ${shard.mode}`, async () => {
      const network = networkOf(shard);
      const parameters = microParameters(MODEL);
      const files = placed(parameters, "F32", join(folder, shard.mode));
      const options = { ...ROOM, margin: 0, signal };
      const losses = await allLosses(device, network, files, options);
      assert.deepEqual(losses, await allLosses(device, network, parameters, options));
      assert.deepEqual(
        losses.map(({ group }) => group),
        ["math", "other"],
      );
      for (const { group, whole, bitsPerByte, shard: own, others } of losses) {
        const expected = async (of: Shard) =>
          mean(await inMemory(networkOf(of), parameters, group, referenceBatches(network, group)));
        isClose(whole, await expected({ mode: "full" }), `${group}, whole`);
        isClose(own, await expected(shard), group);
        assert.ok(bitsPerByte > 0);
        const further = modes.filter(({ mode }) => mode !== shard.mode);
        assert.deepEqual(
          Object.keys(others).sort(),
          shard.mode === "full" ? [] : further.map(({ mode }) => mode).sort(),
        );
        for (const other of further)
          if (shard.mode !== "full") isClose(others[other.mode]!, await expected(other), `${group}, ${other.mode}`);
      }
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.startsWith("hidden-")),
        [],
      );
    });

  for (const type of MODEL_TYPES)
    for (const { name, dir } of references(`families/${type}`))
      it(`are so for ${type}, ${name}`, async (t) => {
        const { config: model, parameters } = await readCheckpoint(dir);
        if (model.num_experts === 0) return t.skip("has no experts");
        const { isSparse } = blocksOf(model);
        const layers = Array.from({ length: model.num_hidden_layers }, (_, layer) => layer).filter(isSparse);
        const experts = Object.fromEntries(layers.map((layer) => [String(layer), layer % 2 === 0 ? [1] : [0, 2]]));
        const network: Network = {
          ...networkOf(),
          model,
          groups: { math: { experts, data: [] } },
          data: { ...networkOf().data, sequence_length: 6 },
        };
        const batches = batchesOf(model, 2, 2, 6);
        const found = await shardBatchLosses(device, network, parameters, { ...ROOM, group: "math", batches });
        const expected = await inMemory(network, parameters, "math", batches);
        for (const [i, loss] of found.entries()) isClose(loss, expected[i]!, `batch ${i}`);
      });

  it("never have more of a model in files open than one layer, and in memory rows of routers alone", async () => {
    const { watched, most } = watching();
    const parameters = microParameters(MODEL);
    const files = placed(parameters, "F32", join(folder, "watched"));
    await allLosses(watched, networkOf(), files, { ...ROOM, margin: 0, signal });
    const shapes = Object.entries(parameterShapes(MODEL));
    const floatsOf = (prefix: string) =>
      shapes.reduce((sum, [name, shape]) => sum + (name.startsWith(prefix) ? sizeOf(shape) : 0), 0);
    const parts = ["model.embed_tokens.", ...[0, 1, 2].map((layer) => `model.layers.${layer}.`)].map(floatsOf);
    // The head has the last norm beside the embedding.
    assert.ok(most.mapped <= Math.max(...parts) + MODEL.hidden_size, `${most.mapped} floats`);
    assert.ok(most.mapped < floatsOf("") / 2);
    assert.equal(
      most.uploaded,
      5 * MODEL.hidden_size,
      "of a router rows of three experts of the group and two anchors",
    );
  });

  it("are told of layer by layer, up to the last of all", async () => {
    const told: ShardLossProgress[] = [];
    const files = placed(microParameters(MODEL), "BF16", join(folder, "told"));
    const options = { ...ROOM, signal, onLayer: (at: ShardLossProgress) => void told.push(at) };
    await allLosses(device, networkOf(), files, { ...options, margin: 100 });
    assert.deepEqual(told[0], { group: "math", mode: "full", layer: 1, layers: 3, share: 1 / 12 });
    assert.deepEqual(told.at(-1), { group: "other", mode: "restricted", layer: 3, layers: 3, share: 1 });
    assert.equal(told.length, 12);
    told.length = 0;
    await allLosses(device, networkOf(), files, { ...options, margin: 0 });
    assert.deepEqual([told.length, told.at(-1)!.share], [18, 1], "another mode of each group, too");
  });

  it("are measured once where they are remembered, and again of other text, experts or windows", async () => {
    const known = new Map<string, Promise<readonly number[]>>();
    let measured = 0;
    const remember: ShardLossOptions["remember"] = (of, measure) => {
      if (!known.has(of)) measured++;
      const losses = known.get(of) ?? measure();
      known.set(of, losses);
      return losses;
    };
    const losses = (network: Network, margin = 100) =>
      allLosses(device, network, parameters, { ...ROOM, margin, signal, remember });
    const parameters = microParameters(MODEL);
    const network = networkOf();
    const first = await losses(network);
    // Both groups have the same text, and so the same loss of the whole model.
    assert.equal(measured, 3);
    assert.deepEqual([await losses(network), measured], [first, 3]);
    await losses(network, 0);
    assert.equal(measured, 5);
    await losses(networkOf({ mode: "full" }));
    assert.equal(measured, 5);
    await losses({ ...network, data: { ...network.data, sequence_length: 8 } });
    assert.equal(measured, 8);
  });

  it("end with the signal's reason", async () => {
    const stop = AbortSignal.abort(new Error("stop"));
    await assert.rejects(
      allLosses(device, networkOf(), microParameters(MODEL), { ...ROOM, margin: 0, signal: stop }),
      /stop/,
    );
  });
});

/** A device, and the most floats of weights that were open on it at once: mapped from files, and uploaded. */
const watching = () => {
  const open = { mapped: 0, uploaded: 0 };
  const most = { ...open };
  const add = (what: keyof typeof open, floats: number) => {
    open[what] += floats;
    most[what] = Math.max(most[what], open[what]);
  };
  const watched: Device = {
    ...device,
    async upload(tensor) {
      const uploaded = await device.upload(tensor);
      add("uploaded", sizeOf(tensor.shape));
      // The device knows its own tensors, and no copies of them.
      const { dispose } = uploaded;
      return Object.assign(uploaded, {
        dispose() {
          add("uploaded", -sizeOf(tensor.shape));
          dispose.call(uploaded);
        },
      });
    },
    async compile(graph, outputs, options) {
      const floats = Object.values(options?.stored ?? {}).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      const program = await device.compile(graph, outputs, options);
      add("mapped", floats);
      return {
        ...program,
        async dispose() {
          add("mapped", -floats);
          await program.dispose();
        },
      };
    },
  };
  return { watched, most };
};
