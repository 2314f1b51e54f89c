import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { hasRouters, writeJobRouters } from "#miner/own-trainer/job-routers.js";
import { hubShapes } from "#shared/model/groups.js";
import { routerName } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { inMemory } from "#shared/training/float-source.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { microParameters } from "../../shared/model/micro.js";
import { template } from "../../support/micro-network.js";
import { configOf, network as restricted } from "../micro-shard.js";
import { MINIMAL, open, train } from "./support.js";

const networkOf = (shard?: Shard): Network => ({
  ...template,
  genesis: "0".repeat(64),
  model: { ...template.model, num_hidden_layers: 2, ...(shard && { shard }) },
  groups: {
    math: { ...template.groups.math!, experts: { 0: [3, 1], 1: [2, 3] } },
    prose: { ...template.groups.prose!, experts: { 0: [2], 1: [1] } },
  },
});

/** By layer the ids of the experts whose rows a whole router has, in its order. */
const MODES: readonly { readonly mode: string; readonly shard?: Shard; readonly ids: readonly number[][] }[] = [
  {
    mode: "restricted",
    ids: [
      [1, 3, 0, 2],
      [2, 3, 0, 1],
    ],
  },
  {
    mode: "anchored",
    shard: { mode: "anchored", anchors: { 0: [0], 1: [0] } },
    ids: [
      [0, 1, 3, 2],
      [0, 2, 3, 1],
    ],
  },
];

const placeOf = (network: Network, flags: Parameters<typeof configOf>[0] = {}) => ({
  network,
  group: "math",
  config: configOf(flags),
  miner: "ann",
  replica: 0,
});

const jobIn = (home: string) => JSON.parse(readFileSync(join(home, "job", "job.json"), "utf8"));

describe("the whole routers of a job", () => {
  for (const { mode, shard, ids } of MODES)
    it(`hold the rows of the experts in the shard's folder first, mode ${mode}`, async (t) => {
      const network = networkOf(shard);
      const whole = microParameters(network.model);
      const names = Object.keys(hubShapes(network.model, network.groups));
      const path = join(temporaryFolder(t), "routers.safetensors");
      const place = placeOf(network);
      assert.ok(hasRouters(place));
      await writeJobRouters(path, place, inMemory(Object.fromEntries(names.map((name) => [name, whole[name]!]))));
      const { tensors } = parseSafetensors(readFileSync(path));
      const width = network.model.hidden_size;
      assert.deepEqual(
        [...tensors.keys()].sort(),
        [0, 1].map((layer) => `model.layers.${layer}.mlp.whole_gate.weight`),
      );
      for (const [layer, rows] of ids.entries()) {
        const { dtype, shape, data } = tensors.get(`model.layers.${layer}.mlp.whole_gate.weight`)!;
        assert.deepEqual([dtype, shape], ["F32", [4, width]]);
        const router = whole[routerName(layer)]!.data;
        const expected = rows.flatMap((id) => [...router.subarray(id * width, (id + 1) * width)]);
        assert.deepEqual([...toFloats({ data })], expected);
      }
    });

  it("are none where the shard has all experts, or the weight is 0", () => {
    assert.ok(!hasRouters(placeOf(networkOf({ mode: "full" }))));
    assert.ok(!hasRouters(placeOf(networkOf(), { "training.affinity": 0 })));
  });

  const jobOf = async (t: TestContext, flags: Parameters<typeof configOf>[0]) => {
    const { trainer, home } = await open(t, MINIMAL, { max_steps: 1, ...flags }, { network: restricted });
    await train(trainer);
    return { home, job: jobIn(home) };
  };

  it("are named in job.json, with their weight", async (t) => {
    const { home, job } = await jobOf(t, { "training.affinity": 0.5 });
    assert.deepEqual([job.paths.routers, job.settings.affinity], [join(home, "job", "routers.safetensors"), 0.5]);
    assert.ok(parseSafetensors(readFileSync(job.paths.routers)).tensors.size > 0);
    const without = (await jobOf(t, { "training.affinity": 0 })).job;
    assert.deepEqual([without.paths.routers, without.settings.affinity], [null, 0]);
  });
});
