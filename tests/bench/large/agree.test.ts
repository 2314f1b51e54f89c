import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { agreeLarge, type SlopesPeer } from "#bench/large/agree.js";
import { startTransformers } from "#bench/large/transformers-peer.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { intTensor } from "#shared/engine/tensor.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, expertOf } from "#shared/model/parameters.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { narrowModel } from "./narrow-model.js";

const device = onnxCpu({ threads: 1 });

/** The whole graph of the model in the folder. @param change of the gradients, before they are written */
const wholeGraph = (change: (gradients: Readonly<Record<string, Float32Array>>) => void = () => {}): SlopesPeer => ({
  name: "the whole graph",
  async slopes({ folder, ids, targets, out }) {
    const { config, parameters } = await readCheckpoint(folder);
    const shape = { config, held: allExperts(config), batchSize: 1, sequenceLength: ids.length };
    const trainable = Object.keys(parameters).filter((name) => expertOf(name) !== null);
    const step = await createTrainStep({
      device,
      loss: languageModelLoss(shape),
      inputs: batchInputs(shape),
      params: parameters,
      trainable,
      clip: null,
    });
    const { loss } = await step.step([{ ids: intTensor([...ids]), targets: intTensor([...targets]) }], 0);
    const { m } = await step.state();
    await step.dispose();
    change(Object.fromEntries(Object.entries(m).map(([name, { data }]) => [name, data])));
    const specs = new Map(
      Object.entries(m).map(([name, { shape: size }]) => [name, { dtype: "F32", shape: size }] as const),
    );
    await writeSafetensorsFile(out, specs, {}, async (file) => {
      for (const [name, tensor] of Object.entries(m)) await file.write(name, fromFloats(tensor).data);
    });
    return { loss, seconds: 1, peak: 1, closest: 1 };
  },
  close() {},
});

test("a group of a narrow cut has the loss and the gradients of the model in its folder", async (t) => {
  const folder = temporaryFolder(t);
  const given = { model: narrowModel(16), experts: 4, sequence: 48, folder };
  const { agrees, tensors, elements, ours, exact, difference } = await agreeLarge(device, wholeGraph(), given);
  assert.ok(agrees, JSON.stringify(difference));
  assert.equal(exact, undefined);
  assert.deepEqual([tensors, elements], [4 * 4 * 3, 4 * 4 * 3 * 64 * 32]);
  assert.ok(Math.abs(ours.loss - Math.log(512)) < 1);
  assert.deepEqual(readdirSync(folder), []);
});

test("a gradient that is another is named, by the whole model's id of its expert", async (t) => {
  const given = { model: narrowModel(16), experts: 4, sequence: 48, folder: temporaryFolder(t) };
  const doubled = wholeGraph((gradients) => {
    const data = gradients["model.layers.2.mlp.experts.3.up_proj.weight"]!;
    for (let i = 0; i < data.length; i++) data[i]! *= 2;
  });
  const { agrees, difference } = await agreeLarge(device, doubled, given);
  const { beyond, worst } = difference;
  assert.equal(agrees, false);
  assert.deepEqual(beyond, [worst.name]);
  assert.equal(worst.name, "model.layers.2.mlp.experts.12.up_proj.weight");
  assert.ok(Math.abs(worst.difference - 0.5) < 1e-4);
  const lost = wholeGraph((gradients) => gradients["model.layers.0.mlp.experts.0.up_proj.weight"]!.fill(Number.NaN));
  const { difference: none } = await agreeLarge(device, lost, given);
  assert.equal(none.worst.difference, Number.POSITIVE_INFINITY);
});

test("ours and the peer's are held to what the peer computes in float64, where that is asked for", async (t) => {
  const given = { model: narrowModel(16), experts: 4, sequence: 48, folder: temporaryFolder(t), exact: true };
  const [rough, exactly] = [wholeGraph((gradients) => Object.values(gradients)[0]!.fill(0)), wholeGraph()];
  const peer: SlopesPeer = {
    ...rough,
    slopes: (request) => (request.precision === "float64" ? exactly : rough).slopes(request),
  };
  const { agrees, exact, difference } = await agreeLarge(device, peer, given);
  assert.ok(agrees, JSON.stringify(difference));
  assert.ok(exact);
  assert.deepEqual(exact.theirs.worst, { name: exact.theirs.beyond[0], difference: 1 });
  assert.equal(exact.theirs.beyond.length, 1);
});

test("more experts than the model has are refused, and a Python without transformers says why", async (t) => {
  const given = { model: narrowModel(16), experts: 17, sequence: 48, folder: temporaryFolder(t) };
  await assert.rejects(agreeLarge(device, wholeGraph(), given), { code: "USAGE" });
  await assert.rejects(
    startTransformers(["/nowhere/python", "/nowhere/python3"], 1),
    coded("BENCH_PEER", /\/nowhere\/python: .*ENOENT.*; \/nowhere\/python3: .*ENOENT/),
  );
});
