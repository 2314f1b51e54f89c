import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { Device } from "#shared/engine/device.js";
import { Graph, type Operator, type Value } from "#shared/engine/graph.js";
import { float, int } from "#shared/engine/onnx/emitter.js";
import { serialise } from "#shared/engine/onnx/serialise.js";
import * as op from "#shared/engine/ops/index.js";
import type { DeviceKind } from "#shared/engine/runtime/device-choice.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { rewritings } from "#shared/engine/runtime/webgpu-rewritings.js";
import { relativeDifference } from "#shared/engine/self-check.js";
import { floatTensor, intTensor, zeros } from "#shared/engine/tensor.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts } from "#shared/model/parameters.js";
import { openDeviceNetwork } from "#shared/sprint/exact/device-network.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import type { LoadOptions } from "#shared/sprint/exact/sprint-network.js";
import { createTrainStep } from "#shared/training/train-step.js";
import { coded } from "#tests/support/coded.js";
import { MICRO, microIds, microParameters } from "../../model/micro.js";
import { assertJudged, assertVectors } from "../../sprint/exact/devices.js";
import { gradientCases } from "../gradient-cases.js";
import { buildCase, parity } from "./parity.js";

/** Something a device must do; throws where it does not. */
export type DeviceCheck = (device: Device) => Promise<void>;

const TOLERANCE = 1e-3;

const cpu = onnxCpu({ threads: 1 });

const close = (differences: Readonly<Record<string, number>>): void => {
  for (const [name, relative] of Object.entries(differences)) {
    assert.ok(relative <= TOLERANCE, `${name} differs from the CPU's by ${relative} of its largest element`);
  }
};

const operatorChecks = Object.fromEntries(
  gradientCases.map((each): [string, DeviceCheck] => [
    `${each.name}: value and gradient`,
    async (device) => close(await parity(each, device, cpu)),
  ]),
);

/** A few optimiser steps of the language model on two experts of four, with accumulation and a batch that is not finite. */
const trainShard = async (device: Device) => {
  const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 2, sequenceLength: 6 };
  const params = microParameters();
  const trainable = Object.keys(params).filter((name) => /layers\.0.*experts\.[12]\./.test(name));
  const inputs = batchInputs(shape);
  const loss = languageModelLoss(shape);
  const train = await createTrainStep({ device, loss, inputs, params, trainable, accumulation: 2 });
  const batchOf = (seed: string) => ({
    ids: intTensor(microIds(12, seed)),
    targets: intTensor(microIds(12, `${seed}/targets`)),
  });
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const result = await train.step([batchOf(`${step}a`), batchOf(`${step}b`)], 0.01);
    losses.push(result.loss, result.gradNorm);
  }
  const kept = await train.state();
  await train.step([batchOf("more"), batchOf("still more")], 0.01);
  await train.restore(kept);
  const evaluator = await createEvaluator({ device, loss, inputs, params });
  const batch = batchOf("held out");
  const [base, trained] = [await evaluator.evaluate({}, batch), await evaluator.evaluate(await train.params(), batch)];
  const { m, v } = await train.state();
  await train.dispose();
  await evaluator.dispose();
  return { params: kept.params, m, v, losses: { all: floatTensor([...losses, base.loss, trained.loss]) } };
};

const commonChecks: Readonly<Record<string, DeviceCheck>> = {
  "trains a shard as the CPU does": async (device) => {
    const [actual, expected] = [await trainShard(device), await trainShard(cpu)];
    for (const part of ["losses", "params", "m", "v"] as const) {
      for (const [name, { data }] of Object.entries<{ data: Float32Array }>(expected[part])) {
        const tensors: Readonly<Record<string, { data: Float32Array }>> = actual[part];
        close({ [`${part} ${name}`]: relativeDifference(tensors[name]?.data ?? [], data) });
      }
    }
  },

  "keeps tensors in its memory, and reads, writes, fills and frees them": async (device) => {
    const graph = new Graph();
    const [x, y] = [graph.input("x", [2, 2]), graph.input("y", [2, 2])];
    const program = await device.compile(graph, { sum: op.add(x, y), product: op.mul(x, y) });
    const [a, b] = [await device.upload(floatTensor([1, 2, 3, 4], [2, 2])), await device.upload(zeros([2, 2]))];
    const results = await program.run({ x: a, y: floatTensor([1, 1, 1, 1], [2, 2]) }, { sum: b });
    assert.deepEqual(Object.keys(results), ["product"]);
    assert.deepEqual(await b.read(), floatTensor([2, 3, 4, 5], [2, 2]));
    await program.run({ x: b, y: b }, { sum: a });
    assert.deepEqual(await a.read(), floatTensor([4, 6, 8, 10], [2, 2]));
    await a.write(floatTensor([0, -1, 0, -2], [2, 2]));
    await b.fill(3);
    const { sum, product } = await program.run({ x: a, y: b });
    assert.deepEqual(sum, floatTensor([3, 2, 3, 1], [2, 2]));
    assert.deepEqual(Array.from(product!.data, Number), [0, -3, 0, -6]);
    const scalar = await device.upload(floatTensor([7], []));
    await scalar.fill(Number.NaN);
    assert.deepEqual(await scalar.read(), floatTensor([Number.NaN], []));

    await assert.rejects(a.write(zeros([4])), coded("GRAPH_FEED"));
    await assert.rejects(program.run({ x: scalar, y: b }), coded("GRAPH_FEED"));
    await assert.rejects(program.run({ x: await cpu.upload(zeros([2, 2])), y: b }), coded("GRAPH_FEED"));
    for (const tensor of [a, a, scalar]) tensor.dispose();
    await assert.rejects(program.run({ x: a, y: b }), coded("GRAPH_FEED"));
    b.dispose();
    await program.dispose();
  },

  "writes into host tensors, and tells integers and flags": async (device) => {
    const graph = new Graph();
    const x = graph.input("x", ["n", 2]);
    const outputs = { twice: op.scale(x, 2), whole: op.cast(x, "int64"), flag: op.cast(x, "bool") };
    const program = await device.compile(graph, outputs);
    const twice = zeros([2, 2]);
    const results = await program.run({ x: floatTensor([1.5, 0, -2.5, 3], [2, 2]) }, { twice });
    assert.equal(results.twice, twice);
    assert.deepEqual([...twice.data], [3, 0, -5, 6]);
    assert.deepEqual(results.whole, intTensor([1, 0, -2, 3], [2, 2]));
    assert.deepEqual(results.flag, { dtype: "bool", shape: [2, 2], data: Uint8Array.of(1, 0, 1, 1) });
    await program.dispose();
  },

  "computes the operators without gradient": async (device) => {
    const compute = async (on: Device) => {
      const graph = new Graph();
      const [x, rows] = [graph.input("x", [2, 3]), graph.input("rows", ["n", 2])];
      const outputs = {
        cast: op.cast(op.cast(x, "int64"), "float32"),
        floor: op.floor(x),
        maximum: op.maximum(x, graph.constant([0.5, -0.5, 0], [3])),
        oneHot: op.oneHot(graph.constant([2, 0], [2], "int64"), 3),
        stopGradient: op.stopGradient(x),
        zerosLike: op.zerosLike(rows),
        zerosOf: op.zerosOf(graph, [2, 2]),
        nothing: op.reduceSum(rows, [0]),
      };
      const program = await on.compile(graph, outputs);
      const results = await program.run({ x: floatTensor([1.5, -1.5, 0.1, -0.1, 7, -7], [2, 3]), rows: zeros([0, 2]) });
      await program.dispose();
      return results;
    };
    assert.deepEqual(await compute(device), await compute(cpu));
  },

  "computes a Sprint's exact network as the judge does, over 10,000 nonces": async (device) => {
    const open = (options: LoadOptions) => openDeviceNetwork({ ...options, device });
    await assertVectors("tiny", open);
    await assertVectors("test", open);
    await assertJudged(EXACT_DIALS.tiny, 10_000, [open]);
  },

  "makes the loss infinite or NaN where a logit is NaN": async (device) => {
    const graph = new Graph();
    const loss = op.crossEntropy(graph.input("x", [2, 3]), graph.constant([0, 2], [2], "int64"));
    const program = await device.compile(graph, { loss });
    const { loss: computed } = await program.run({ x: floatTensor([1, 2, 3, 4, Number.NaN, 6], [2, 3]) });
    assert.ok(!Number.isFinite(computed!.data[0]), `${computed!.data[0]}`);
    await program.dispose();
  },
};

/** ONNX operators that a case's nodes ran as on the CPU although the session was WebGPU's. */
const fallbacks = async (
  { graph, feeds, outputs }: ReturnType<typeof buildCase>,
  folder: string,
): Promise<string[]> => {
  const model = serialise(graph, outputs, { rewritings });
  const session = await ort.InferenceSession.create(model.bytes, {
    executionProviders: ["webgpu"],
    logSeverityLevel: 4,
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  await session.run(
    Object.fromEntries(model.inputs.map(({ name }) => [name, new ort.Tensor(feeds[name]!.data, feeds[name]!.shape)])),
  );
  session.endProfiling();
  await session.release();
  const [profile] = readdirSync(folder);
  const file = join(folder, profile!);
  const events: readonly { args?: { provider?: string; op_name?: string } }[] = JSON.parse(readFileSync(file, "utf8"));
  rmSync(file);
  return events.flatMap(({ args }) =>
    args?.provider === "CPUExecutionProvider" && args.op_name ? [args.op_name] : [],
  );
};

/** RMSNorm's kernel with the inverse deviation as the second output that ONNX Runtime gives it. */
const withDeviation: Operator<readonly [Value, Value], readonly [Value, Value]> = {
  name: "RmsNormWithDeviation",
  infer: ([x]) => [x, { dtype: "float32", shape: x.shape.with(-1, 1) }],
  lower: (node, emit) =>
    emit.node("SimplifiedLayerNormalization", node.inputs, node.outputs, {
      attributes: { axis: int(-1), epsilon: float(1e-6) },
    }),
};

const webGpuChecks: Readonly<Record<string, DeviceCheck>> = {
  "runs every float operator on the card": async () => {
    const folder = mkdtempSync(join(tmpdir(), "blockzero-profile-"));
    try {
      for (const each of gradientCases) assert.deepEqual(await fallbacks(buildCase(each), folder), [], each.name);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },

  // The day this fails, rms-norm.ts may take the kernel's own deviation.
  "writes the mean where RMSNorm's inverse deviation belongs, which is why the gradient does without": async (
    device,
  ) => {
    const graph = new Graph();
    const weight = graph.constant([1, 1], [2]);
    const [, deviation] = graph.apply(withDeviation, [graph.input("x", [1, 2]), weight]);
    const feeds = { x: floatTensor([3, 4], [1, 2]) };
    const read = async (on: Device) => {
      const program = await on.compile(graph, { deviation });
      const { deviation: computed } = await program.run(feeds);
      await program.dispose();
      return Number(computed!.data[0]);
    };
    assert.ok(Math.abs((await read(cpu)) - 12.5 ** -0.5) < 1e-5);
    assert.equal(await read(device), 3.5);
  },
};

/** What each kind of device is put through. */
export const checksOf = (kind: DeviceKind): Readonly<Record<string, DeviceCheck>> => ({
  ...commonChecks,
  ...operatorChecks,
  ...(kind === "webgpu" ? webGpuChecks : {}),
});
