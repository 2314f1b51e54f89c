import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cutGraph } from "#shared/engine/cut.js";
import type { Device } from "#shared/engine/device.js";
import { lower } from "#shared/engine/onnx/lower.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { withUpdate } from "#shared/evaluation/change.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { groupShapes } from "#shared/model/groups.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { buildObjective } from "#shared/training/objective.js";
import { batchesOf, groupOf, updateOf } from "../evaluation/layers/material.js";
import { MICRO, microParameters } from "../model/micro.js";

const device = onnxCpu({ threads: 1 });

const zeroed = (parameters: Parameters): Parameters =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.map(() => 0) }]),
  );

const cases = fc
  .record({
    layers: fc.integer({ min: 1, max: 3 }),
    experts: fc.integer({ min: 1, max: 5 }),
    choices: fc.integer({ min: 1, max: 3 }),
    tied: fc.boolean(),
    normalised: fc.boolean(),
    batchSize: fc.constantFrom(1, 3, 16),
    sequenceLength: fc.constantFrom(1, 7, 64),
    weights: fc.string(),
  })
  .chain((chosen) =>
    fc.record({
      chosen: fc.constant(chosen),
      held: fc.array(fc.subarray(Array.from({ length: chosen.experts }, (_, id) => id)), {
        minLength: chosen.layers,
        maxLength: chosen.layers,
      }),
    }),
  );

describe("a group's meter", () => {
  it("gives the whole model's losses, bit for bit, whatever the group holds", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ chosen, held }) => {
        const { layers, experts, choices, tied, normalised, batchSize, sequenceLength, weights } = chosen;
        const model = {
          ...MICRO,
          num_hidden_layers: layers,
          num_experts: experts,
          num_experts_per_tok: Math.min(choices, experts),
          tie_word_embeddings: tied,
          norm_topk_prob: normalised,
        };
        const base = microParameters(model, weights);
        const data = { tokenizer: "byte", split: "sha256", sequence_length: sequenceLength, held_out: 0.1 } as const;
        // Compiled with another model, so that nothing of it may show.
        const meter = await createLossMeter(device, { model, data }, { batchSize, parameters: zeroed(base) });
        const group = groupOf(held);
        const ofGroup = await meter.ofGroup(base, group);
        const batches = batchesOf(model, 3, batchSize, sequenceLength);
        assert.deepEqual(await ofGroup.losses(null, batches), await meter.losses(base, batches));
        for (const seed of ["ann", "bob"]) {
          const update = updateOf(model, group, seed);
          assert.deepEqual(
            await ofGroup.losses(update, batches),
            await meter.losses(withUpdate(base, update), batches),
            JSON.stringify(held),
          );
        }
        await meter.dispose();
      }),
      { seed: 6, numRuns: 10 },
    );
  });

  const data = { tokenizer: "byte", split: "sha256", sequence_length: 6, held_out: 0.1 } as const;
  const base = microParameters();
  const group = groupOf([[0, 1], [2]]);

  it("computes what the models have in common once a run, also on two models in turn", async () => {
    const { counted, runs } = counting();
    // Two batches are a run.
    const long = { ...data, sequence_length: 64 };
    const meter = await createLossMeter(counted, { model: MICRO, data: long }, { batchSize: 8, parameters: base });
    const batches = batchesOf(MICRO, 3, 8, 64);
    const ofGroup = await meter.ofGroup(base, group);
    for (const seed of ["ann", "bob", "cat", "dan"]) await ofGroup.losses(updateOf(MICRO, group, seed), batches);
    assert.deepEqual(runs, [0, 2, 8], "the whole, what is common, the rest");

    const next = microParameters(MICRO, "next cycle");
    const later = await meter.ofGroup(next, group);
    assert.deepEqual(await later.losses(null, batches), await meter.losses(next, batches));
    assert.deepEqual(runs, [2, 4, 10], "nothing was compiled again");
    assert.deepEqual(await ofGroup.losses(null, batches), await meter.losses(base, batches));
    await meter.dispose();
  });

  it("measures each batch by itself, whatever goes through the program beside it", async () => {
    const meter = await createLossMeter(device, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const { losses } = await meter.ofGroup(base, group);
    const batches = batchesOf(MICRO, 5, 2, 6);
    const together = await losses(null, batches);
    for (const [i, batch] of batches.entries()) {
      const objective = languageModelLoss({ config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 6 });
      const inputs = batchInputs({ batchSize: 2, sequenceLength: 6 });
      const alone = await createEvaluator({ device, loss: objective, inputs, params: base });
      const { loss } = await alone.evaluate({}, batchTensors(batch));
      await alone.dispose();
      for (const measured of [together[i]!, (await losses(null, [batch]))[0]!])
        assert.ok(Math.abs(measured - loss) < 1e-5);
    }
    assert.ok(new Set(together).size === batches.length);
    assert.deepEqual(await losses(null, []), []);
    await meter.dispose();
  });

  it("refuses an update of tensors that are not the group's", async () => {
    const meter = await createLossMeter(device, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const { losses } = await meter.ofGroup(base, group);
    await assert.rejects(losses(updateOf(MICRO, groupOf([[3]]), "eve"), batchesOf(MICRO, 1, 2, 6)), /experts\.3/);
    await meter.dispose();
  });

  it("does the same in one program on a device of its own memory", async () => {
    const { counted, runs } = counting({ hostMemory: false });
    const meter = await createLossMeter(counted, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const batches = batchesOf(MICRO, 2, 2, 6);
    const { losses } = await meter.ofGroup(base, group);
    const update = updateOf(MICRO, group, "ann");
    assert.deepEqual(await losses(update, batches), await meter.losses(withUpdate(base, update), batches));
    assert.deepEqual(runs, [2]);
    await meter.dispose();
  });

  it("needs no weight of the layers before the first of its experts", () => {
    const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 6 };
    const objective = { loss: languageModelLoss(shape), inputs: batchInputs(shape), params: base };
    const readsLayer = (held: readonly (readonly number[])[]) => {
      const names = new Set(Object.keys(groupShapes(MICRO, groupOf(held))));
      const { varying } = cutGraph(buildObjective(objective), names);
      const inputs = lower(varying.graph, varying.outputs).inputs.map(({ name }) => name);
      return [0, 1].map((layer) => inputs.some((name) => name.startsWith(`model.layers.${layer}.`)));
    };
    assert.deepEqual(readsLayer([[], [1]]), [false, true]);
    assert.deepEqual(readsLayer([[1], []]), [true, true]);
    assert.deepEqual(readsLayer([[], []]), [false, false]);
  });
});

/** A device that counts the runs of each of its programs, in the order in which they were compiled. */
const counting = (options: Partial<Device> = {}) => {
  const runs: number[] = [];
  const counted: Device = {
    ...device,
    ...options,
    async compile(graph, outputs) {
      const program = await device.compile(graph, outputs);
      const at = runs.push(0) - 1;
      return {
        ...program,
        run(feeds, into) {
          runs[at]!++;
          return program.run(feeds, into);
        },
      };
    },
  };
  return { counted, runs };
};
