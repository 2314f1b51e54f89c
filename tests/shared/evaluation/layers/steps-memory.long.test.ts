import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { createRandom } from "#shared/data/random.js";
import type { Selected } from "#shared/merge/selection.js";
import { groupShapeMap } from "#shared/model/groups.js";
import { type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { beginPart } from "#shared/parts/part-writer.js";
import { blobsOf } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import type { Candidate } from "#shared/replay/merge-plan.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { temporaryFolder } from "../../artifact/temporary.js";
import { groupOf, placed } from "./material.js";
import type { StepsMaterial } from "./steps-process.js";

const PROCESS = fileURLToPath(new URL("./steps-process.js", import.meta.url));
const exec = promisify(execFile);

const MIB = 2 ** 20;
const GROUP = "all";
/** Elements a side of a tensor of 1 MiB; the group has 96 of them, 12 a layer. */
const SIDE = 512;
const LAYERS = 8;
const EXPERTS = 4;
const GROUP_BYTES = 3 * EXPERTS * LAYERS * MIB;

const network = {
  ...template,
  model: {
    ...template.model,
    hidden_size: SIDE,
    num_hidden_layers: LAYERS,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    num_experts: EXPERTS,
    num_experts_per_tok: 1,
    moe_intermediate_size: SIDE,
  },
  groups: { [GROUP]: groupOf(Array.from({ length: LAYERS }, () => [0, 1, 2, 3])) },
  training: {
    ...template.training,
    outer: {
      confidence: 0.9,
      steps: [
        { along: "merged", lr: 0.7, momentum: 0.9 },
        { along: "merged", lr: 1, momentum: 0 },
        { along: "all", lr: 1, momentum: 0 },
        { along: "best", lr: 0.5, momentum: 0 },
      ],
    },
  },
} as unknown as Network;

/** A model in a file, and in a store the group's momentum and three updates. */
const storeMaterial = async (folder: string): Promise<StepsMaterial> => {
  const store = directoryStore(join(folder, "blobs"));
  const random = createRandom("steps");
  const noise = Float32Array.from({ length: SIDE * SIDE }, () => (random.next() - 0.5) / 10);
  const parameters: Parameters = Object.fromEntries(
    Object.entries(parameterShapes(network.model)).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const centre = shape.length === 1 ? 1 : 0;
      const at = random.below(noise.length - length + 1);
      return [name, { dtype: "float32", shape, data: noise.slice(at, at + length).map((value) => centre + value) }];
    }),
  );
  const shapes = new Map(byName(groupShapeMap(network, GROUP)));
  const part = async (times: number): Promise<string> => {
    const writer = beginPart(store.create, shapes);
    const data = noise.map((value) => value * times);
    for (let left = shapes.size; left > 0; left--) {
      // No two tensors are alike.
      for (let i = 0; i < 1000; i++) data[random.below(data.length)] = (random.next() - 0.5) * times;
      await writer.append(data);
    }
    return blobsOf(await writer.finish())[0]!.hash;
  };
  const momentum = { hash: await part(0.01), bytes: Number.MAX_SAFE_INTEGER };
  const artifacts = [await part(0.1), await part(0.05), await part(0.02)].sort();
  const selected = (shares: readonly number[]) =>
    shares.map((share, i) => ({ artifact: artifacts[i]!, share })) as unknown as Selected<Candidate>[];
  const base = { hash: "base", manifest: { parts: { groups: { [GROUP]: { momentum } } } } };
  return {
    network,
    group: GROUP,
    model: placed(parameters, "F32", join(folder, "model")),
    base: base as unknown as StepsMaterial["base"],
    merged: selected([0.7, 0.3]),
    all: selected([1 / 3, 1 / 3, 1 / 3]),
  };
};

it("candidate steps of a group of 96 MiB take the memory of some tensors where its model is judged layer by layer, with the same bits", {
  timeout: HANG_GUARD,
}, async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "material.json");
  await writeFile(path, JSON.stringify(await storeMaterial(folder)));
  const run = async (mode: "files" | "memory"): Promise<{ growth: number; measured: { passes: number } }> =>
    JSON.parse((await exec(process.execPath, [PROCESS, folder, path, mode])).stdout);
  const [layered, whole] = [await run("files"), await run("memory")];
  assert.deepEqual(layered.measured, whole.measured);
  assert.ok(layered.measured.passes > 5 * 8, "more than a look");
  // Three directions and the momentum alone are four times as large as the group; most of the rest here is the engine.
  assert.ok(layered.growth < 3 * GROUP_BYTES, `${layered.growth} bytes`);
});
