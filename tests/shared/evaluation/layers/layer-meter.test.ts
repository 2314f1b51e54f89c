import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { changeOf, withUpdate } from "#shared/evaluation/change.js";
import { lossGraphs } from "#shared/evaluation/layers/layer-graphs.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { partPrograms } from "#shared/evaluation/layers/part-programs.js";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { measureCandidates } from "#shared/evaluation/measure-candidates.js";
import { mapCheckpoint, readCheckpoint } from "#shared/model/checkpoint.js";
import { groupShapes } from "#shared/model/groups.js";
import { allExperts } from "#shared/model/parameters.js";
import { MODEL_TYPES } from "#shared/protocol/model-config.js";
import { atEachRun } from "../../../support/at-each-run.js";
import { MICRO, microParameters } from "../../model/micro.js";
import { references } from "../../model/reference.js";
import { batchesOf, groupOf, placed, updateOf } from "./material.js";

const device = onnxCpu({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "blockzero-layers-"));
after(() => rmSync(folder, { recursive: true }));

/** Four layers, in which a group has experts from some layer on. */
const cases = fc.record({
  held: fc.constantFrom<readonly (readonly number[])[]>(
    [[0, 1], [2], [3], [0]],
    [[], [1, 3], [], [2]],
    [[], [], [], [0, 1, 2, 3]],
    [[], [], [], []],
  ),
  choices: fc.integer({ min: 1, max: 3 }),
  tied: fc.boolean(),
  batchSize: fc.constantFrom(1, 3, 16),
  sequenceLength: fc.constantFrom(1, 7, 64),
  weights: fc.string(),
  inFiles: fc.boolean(),
  memory: fc.constantFrom(0, 5000, 1e9),
});

const dataOf = (sequenceLength: number) =>
  ({ tokenizer: "byte", split: "sha256", sequence_length: sequenceLength, held_out: 0.1 }) as const;

describe("the layer-major meter", () => {
  it("keeps no weights on the device of a part that cannot be opened", async () => {
    let held = 0;
    const uploads = (most: number): Device => ({
      ...device,
      mapsFiles: false,
      async upload(tensor) {
        if (held === most) throw new Error("out of memory");
        const uploaded = await device.upload(tensor);
        held++;
        return {
          ...uploaded,
          dispose() {
            held--;
            uploaded.dispose();
          },
        };
      },
      compile: async () => assert.fail("does not compile"),
    });
    const { head } = lossGraphs({ config: MICRO, held: allExperts(MICRO), batchSize: 1, sequenceLength: 4 }, 1);
    const model = microParameters(MICRO, "weights");
    await assert.rejects(partPrograms(uploads(1)).open(head, model), /out of memory/);
    assert.equal(held, 0);
    await assert.rejects(partPrograms(uploads(2)).open(head, model), /does not compile/);
    assert.equal(held, 0);
  });

  it("gives the whole model's losses, bit for bit, wherever weights and hidden states are", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ held, choices, tied, batchSize, sequenceLength, weights, inFiles, memory }) => {
        const model = {
          ...MICRO,
          num_hidden_layers: 4,
          num_experts_per_tok: choices,
          tie_word_embeddings: tied,
        };
        const data = dataOf(sequenceLength);
        const base = microParameters(model, weights);
        const given = inFiles ? placed(base, "F32", join(folder, `${run++}`)) : base;
        const group = groupOf(held);
        const batches = batchesOf(model, 3, batchSize, sequenceLength);
        const whole = await createLossMeter(device, { model, data }, { batchSize, parameters: base });
        const layered = createLayerMeter(device, { model, data }, { batchSize, memory, folder });
        const [ann, bob] = ["ann", "bob"].map((seed) => updateOf(model, group, seed)) as [Updates, Updates];
        const expected = [
          await whole.losses(base, batches),
          await whole.losses(withUpdate(base, ann), batches),
          await whole.losses(withUpdate(base, bob), batches),
        ];
        assert.deepEqual(await layered.losses(given, batches), expected[0]);
        const ofGroup = await layered.ofGroup(given, group);
        const changes = [ann, bob].map((update) => changeOf(update, Object.keys(groupShapes(model, group))));
        assert.deepEqual(await ofGroup.lossesTogether!([null, ...changes], batches), expected);
        assert.deepEqual(await ofGroup.losses(ann, batches), expected[1]);
        assert.deepEqual(await ofGroup.losses(null, []), []);
        await whole.dispose();
        await layered.dispose();
      }),
      { seed: 14, numRuns: 8 },
    );
  });

  for (const type of MODEL_TYPES)
    for (const { name, dir } of references(`families/${type}`))
      it(`does so for ${type}, ${name}`, async () => {
        const { config: model, parameters } = await readCheckpoint(dir);
        const data = dataOf(6);
        const batches = batchesOf(model, 2, 2, 6);
        const whole = await createLossMeter(device, { model, data }, { batchSize: 2, parameters });
        const layered = createLayerMeter(device, { model, data }, { batchSize: 2, memory: 1e9, folder });
        const expected = await whole.losses(parameters, batches);
        assert.deepEqual(await layered.losses(parameters, batches), expected);
        const { model: places } = await mapCheckpoint(dir);
        assert.deepEqual(await layered.losses(places, batches), expected);
        await whole.dispose();
        await layered.dispose();
      });

  it("does so for isolated documents", async () => {
    const data = { ...dataOf(12), sequences: "isolated" as const };
    const base = microParameters();
    const starts = BigInt64Array.from({ length: 24 }, (_, token) => BigInt(token % 12 < 5 ? 0 : 5));
    const batches = batchesOf(MICRO, 3, 2, 12).map((batch) => ({ ...batch, starts }));
    const whole = await createLossMeter(device, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const layered = createLayerMeter(device, { model: MICRO, data }, { batchSize: 2, memory: 1e9, folder });
    assert.deepEqual(await layered.losses(base, batches), await whole.losses(base, batches));
    await whole.dispose();
    await layered.dispose();
  });

  it("computes with halves in files what their float32 values give", async () => {
    const data = dataOf(7);
    const base = microParameters();
    const batches = batchesOf(MICRO, 2, 3, 7);
    const meter = createLayerMeter(device, { model: MICRO, data }, { batchSize: 3, memory: 1e9, folder });
    for (const dtype of ["BF16", "F16"] as const) {
      const places = placed(base, dtype, join(folder, dtype));
      const whole = await createLossMeter(device, { model: MICRO, data }, { batchSize: 3, parameters: base });
      assert.deepEqual(await meter.losses(places, batches), await whole.losses(places, batches));
      await whole.dispose();
    }
    await meter.dispose();
  });

  it("opens each layer once a pass, for all batches and updates, and of the first varied layer computes the rest once", async () => {
    const { counted, runs } = counting();
    const model = { ...MICRO, num_hidden_layers: 4 };
    const group = groupOf([[], [0], [1], []]);
    const base = placed(microParameters(model), "F32", join(folder, "counted"));
    const data = dataOf(64);
    const meter = createLayerMeter(counted, { model, data }, { batchSize: 16, memory: 1e9, folder });
    const { lossesTogether } = await meter.ofGroup(base, group);
    const names = Object.keys(groupShapes(model, group));
    const updates = ["ann", "bob", "cat"].map((seed) => changeOf(updateOf(model, group, seed), names));
    await lossesTogether!([null, ...updates], batchesOf(model, 2, 16, 64));
    assert.deepEqual(
      runs,
      [2, 2, 2, 8, 8, 8, 8],
      "embedding, layer 0, layer 1 before and after the cut, layers 2 and 3, head",
    );
    await meter.dispose();
  });

  it("passes a model as often as its disk has no room for hidden states, with the same losses", async () => {
    const model = { ...MICRO, num_hidden_layers: 4 };
    const group = groupOf([[], [0], [1], []]);
    const base = microParameters(model);
    const data = dataOf(64);
    const batches = batchesOf(model, 3, 16, 64);
    const names = Object.keys(groupShapes(model, group));
    const changes = [null, ...["ann", "bob"].map((seed) => changeOf(updateOf(model, group, seed), names))];
    const state = 4 * 16 * 64 * model.hidden_size;
    let passes = 0;
    /** With three runs and three candidates there are twelve states, with nothing varied three. */
    const measured = async (slots: number) => {
      passes = 0;
      const meter = createLayerMeter(
        device,
        { model, data },
        {
          ...{ batchSize: 16, memory: state, folder },
          free: async () => 2 * (slots - 1) * state,
          onLayer: (layer) => {
            if (layer === 1) passes++;
          },
        },
      );
      const { lossesTogether } = await meter.ofGroup(base, group);
      const losses = await lossesTogether!(changes, batches);
      const together = passes;
      assert.deepEqual(await meter.losses(base, batches), losses[0]);
      await meter.dispose();
      return { losses, passes: [together, passes - together] };
    };
    const at = await measured(12);
    assert.deepEqual(at.passes, [1, 1]);
    assert.deepEqual(await measured(11), { losses: at.losses, passes: [2, 1] });
    assert.deepEqual(await measured(6), { losses: at.losses, passes: [3, 1] });
    assert.deepEqual(await measured(2), { losses: at.losses, passes: [9, 2] });
    assert.deepEqual(await measured(1), { losses: at.losses, passes: [9, 3] });
  });

  it("measures where the disk does not say what is free", async () => {
    const free = () => Promise.reject(new Error("no such call"));
    const options = { batchSize: 2, memory: 0, folder, free };
    const meter = createLayerMeter(device, { model: MICRO, data: dataOf(6) }, options);
    const { lossesTogether } = await meter.ofGroup(microParameters(), groupOf([[0, 1], [2]]));
    const [losses] = await lossesTogether!([null], batchesOf(MICRO, 1, 2, 6));
    assert.equal(losses!.length, 1);
    await meter.dispose();
  });

  it("does the same on a device of its own memory that maps no files", async () => {
    const apart: Device = { ...device, hostMemory: false, mapsFiles: false };
    const group = groupOf([[0, 1], [2]]);
    const base = microParameters();
    const data = dataOf(7);
    const batches = batchesOf(MICRO, 3, 2, 7);
    const whole = await createLossMeter(device, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const meter = createLayerMeter(apart, { model: MICRO, data }, { batchSize: 2, memory: 0, folder });
    const update = updateOf(MICRO, group, "ann");
    const { lossesTogether } = await meter.ofGroup(placed(base, "F32", join(folder, "apart")), group);
    const change = changeOf(update, [...update.keys()]);
    assert.deepEqual(await lossesTogether!([change, null], batches), [
      await whole.losses(withUpdate(base, update), batches),
      await whole.losses(base, batches),
    ]);
    await whole.dispose();
    await meter.dispose();
  });

  it("measures candidate steps in one pass a look, with the results of one after the other", async () => {
    const group = groupOf([[0, 1], [2]]);
    const base = microParameters();
    const data = dataOf(7);
    const options = {
      model: base,
      group,
      directions: {
        merged: updateOf(MICRO, group, "merged"),
        all: updateOf(MICRO, group, "all"),
        best: null,
        momentum: updateOf(MICRO, group, "momentum"),
      },
      outer: {
        confidence: 0.9,
        steps: (["merged", "all", "best"] as const).map((along) => ({ along, lr: 0.01, momentum: 0.5 })),
      },
      batches: batchesOf(MICRO, 9, 2, 7),
    };
    const whole = await createLossMeter(device, { model: MICRO, data }, { batchSize: 2, parameters: base });
    const layered = createLayerMeter(device, { model: MICRO, data }, { batchSize: 2, memory: 1e9, folder });
    let passes = 0;
    const counted = {
      ofGroup: async (...of: Parameters<typeof layered.ofGroup>) => {
        const { losses, lossesTogether } = await layered.ofGroup(...of);
        const counting: typeof lossesTogether = (changes, batches) => {
          passes++;
          return lossesTogether!(changes, batches);
        };
        return { losses, lossesTogether: counting };
      },
    };
    assert.deepEqual(await measureCandidates(counted, options), await measureCandidates(whole, options));
    assert.ok(passes <= 2, `${passes} passes for two looks`);
    await whole.dispose();
    await layered.dispose();
  });

  it("refuses an update of tensors that are not the group's", async () => {
    const meter = createLayerMeter(device, { model: MICRO, data: dataOf(6) }, { batchSize: 2, memory: 1e9, folder });
    const { losses } = await meter.ofGroup(microParameters(), groupOf([[0, 1], [2]]));
    await assert.rejects(losses(updateOf(MICRO, groupOf([[3]]), "eve"), batchesOf(MICRO, 1, 2, 6)), /experts\.3/);
    await meter.dispose();
  });

  it("ends between two runs of a layer when it is aborted, and leaves no file", async () => {
    const empty = mkdtempSync(join(folder, "aborted-"));
    const abort = new AbortController();
    let left = 3;
    const slow: Device = {
      ...device,
      async compile(graph, outputs, options) {
        const program = await device.compile(graph, outputs, options);
        return {
          ...program,
          run(feeds, into) {
            if (--left === 0) abort.abort();
            return program.run(feeds, into);
          },
        };
      },
    };
    const options = { batchSize: 2, memory: 0, folder: empty, signal: abort.signal };
    const meter = createLayerMeter(slow, { model: MICRO, data: dataOf(6) }, options);
    await assert.rejects(meter.losses(microParameters(), batchesOf(MICRO, 1, 2, 6)), { name: "AbortError" });
    assert.equal(left, 0);
    assert.deepEqual(readdirSync(empty), []);
    await meter.dispose();
  });

  it("ends with any signal that it was bound by, and measures on without that one", async () => {
    const [program, duty] = [new AbortController(), new AbortController()];
    let runs = 0;
    let endsAt = 3;
    const slow = atEachRun(device, () => {
      if (++runs === endsAt) duty.abort(new Error("the duty is over"));
    });
    const options = { batchSize: 2, memory: 0, folder, signal: program.signal };
    const meter = createLayerMeter(slow, { model: MICRO, data: dataOf(6) }, options);
    const bounded = meter.until!(duty.signal);
    const [parameters, batches] = [microParameters(), batchesOf(MICRO, 1, 2, 6)];
    await assert.rejects(bounded.losses(parameters, batches), /the duty is over/);
    assert.equal(runs, endsAt);
    assert.equal((await meter.losses(parameters, batches)).length, 1);
    endsAt = -1;
    program.abort(new Error("the program ends"));
    await assert.rejects(meter.until!(new AbortController().signal).losses(parameters, batches), /the program ends/);
    await meter.dispose();
  });
});

type Updates = ReturnType<typeof updateOf>;

/** A device that counts its programs, and the runs of each in the order in which they were compiled. */
const counting = () => {
  const runs: number[] = [];
  const counted: Device = {
    ...device,
    async compile(graph, outputs, options) {
      const program = await device.compile(graph, outputs, options);
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
