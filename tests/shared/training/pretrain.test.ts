import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { expertsOf } from "#shared/model/groups.js";
import { initialParameters } from "#shared/model/init.js";
import { type Parameters, parameterShapes } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { type Pretraining, pretrain } from "#shared/training/pretrain.js";
import { floatsOf, MICRO, runForward } from "#tests/shared/model/micro.js";

const SEED = "pretrain";
const SEQUENCE = 32;

const network: Pick<Network, "model" | "groups" | "data"> = {
  model: { ...MICRO, vocab_size: 264, hidden_size: 24 },
  groups: {
    prose: { experts: { 0: [0, 2], 1: [0, 1] }, data: [{ kind: "moby-dick", weight: 1 }] },
    math: { experts: { 0: [1, 3], 1: [2, 3] }, data: [{ kind: "arithmetic", weight: 1 }] },
  },
  data: { tokenizer: "byte", split: "sha256", sequence_length: SEQUENCE, held_out: 0.1 },
};

const options: Pretraining = {
  network,
  device: onnxCpu({ threads: 1 }),
  seed: SEED,
  steps: 80,
  batchSize: 4,
  learningRate: 1e-2,
  signal: new AbortController().signal,
};

/** The router's mean mass on a group's own experts, per layer, on text of the group that training never sees. */
const ownMass = async (parameters: Parameters, group: string): Promise<number[]> => {
  const [batch] = groupHeldOutBatches(network, group, { batches: 1, batchSize: 8, seed: "0".repeat(64) });
  const ids = Array.from(batch!.ids, Number);
  const shape = { config: network.model, batchSize: 8, sequenceLength: SEQUENCE };
  const results = await runForward({ parameters, ids, shape });
  return expertsOf(network.model, network.groups[group]!).map((experts, layer) => {
    const probabilities = floatsOf(results[`probabilities.${layer}`]);
    const mass = probabilities.reduce((sum, p, i) => (experts.includes(i % 4) ? sum + p : sum), 0);
    return mass / ids.length;
  });
};

describe("pretraining", () => {
  it("lowers the loss, and teaches each router the group's own experts", async () => {
    const losses: number[] = [];
    const trained = await pretrain({
      ...options,
      onStep: (step, loss) => losses.push(step === losses.length ? loss : Number.NaN),
    });
    assert.equal(losses.length, options.steps);
    const mean = (some: readonly number[]) => some.reduce((sum, loss) => sum + loss, 0) / some.length;
    assert.ok(Math.abs(losses[0]! - Math.log(264)) < 0.1, `a fresh model knows nothing: ${losses[0]}`);
    assert.ok(mean(losses.slice(-8)) < 3.2, `loss ${mean(losses.slice(-8))}`);

    const shapes = Object.fromEntries(Object.entries(trained).map(([name, { shape }]) => [name, [...shape]]));
    assert.deepEqual(shapes, parameterShapes(network.model));
    const fresh = initialParameters(network.model, createRandom(`${SEED}/init`));
    for (const group of Object.keys(network.groups)) {
      const before = await ownMass(fresh, group);
      const after = await ownMass(trained, group);
      for (const [layer, mass] of after.entries()) {
        assert.ok(Math.abs(before[layer]! - 0.5) < 0.1, `${group}, layer ${layer}, before: ${before[layer]}`);
        assert.ok(mass > 0.7, `${group}, layer ${layer}, after: ${mass}`);
      }
    }
  });

  it("gives the same model for the same seed, and another for another", async () => {
    const short = { ...options, steps: 3 };
    const first = await pretrain(short);
    assert.deepEqual(await pretrain(short), first);
    assert.notDeepEqual(await pretrain({ ...short, seed: "other" }), first);
  });

  it("ends when it is told to", async () => {
    const controller = new AbortController();
    const stopped = pretrain({
      ...options,
      signal: controller.signal,
      onStep: (step) => {
        assert.ok(step <= 2);
        if (step === 2) controller.abort(new Error("enough"));
      },
    });
    await assert.rejects(stopped, /enough/);
  });
});
