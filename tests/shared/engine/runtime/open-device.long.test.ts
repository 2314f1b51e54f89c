import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, beforeEach, describe, it } from "node:test";
import type { AnyTensor, Device } from "#shared/engine/device.js";
import { scale } from "#shared/engine/ops/index.js";
import { deviceOf } from "#shared/engine/runtime/device-kinds.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { openDevice } from "#shared/engine/runtime/open-device.js";
import { checkInChild } from "#shared/engine/runtime/trial.js";
import { firstDifference, relativeDifference } from "#shared/engine/self-check.js";
import type { FloatTensor } from "#shared/engine/tensor.js";
import { BlockZeroError, type ErrorCode, formatError } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { graphicsEnvironments } from "./vulkan.js";

const lines: { level: keyof Log; message: string; fields: Record<string, unknown> }[] = [];
const collect =
  (level: keyof Log) =>
  (message: string, fields: Record<string, unknown> = {}) =>
    void lines.push({ level, message, fields });
const log: Log = { debug: collect("debug"), info: collect("info"), warn: collect("warn"), error: collect("error") };

const cpu = onnxCpu({ threads: 1 });

const environment = { ...process.env };
const setEnvironment = (env: NodeJS.ProcessEnv) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
};

const oneLine = (code: ErrorCode) => (error: unknown) =>
  error instanceof BlockZeroError && error.code === code && !formatError(error).includes("\n");

describe("openDevice", () => {
  beforeEach(() => {
    lines.length = 0;
    setEnvironment(environment);
  });
  after(() => setEnvironment(environment));

  it("takes the CPU unasked", async () => {
    const device = await openDevice({ device: "cpu", threads: 1, log });
    assert.equal(device.name, "onnxruntime-cpu");
    assert.deepEqual(lines, []);
  });

  it("forbids NVIDIA's libraries to round products before they are loaded, for child processes too", async () => {
    await deviceOf.cuda({ threads: 1 });
    const { stdout } = spawnSync(process.execPath, ["-p", "process.env.NVIDIA_TF32_OVERRIDE"], { encoding: "utf8" });
    assert.equal(stdout.trim(), "0");
  });

  it("opens TensorFlow.js once it agrees with the CPU", async () => {
    const device = await openDevice({ device: "tfjs", threads: 1, log });
    assert.match(device.name, /^tfjs-/);
  });

  it("says in one line that a driver is missing, or that it ended the process", {
    skip: process.platform !== "linux" && "drivers are hidden by Linux's variables",
  }, async () => {
    setEnvironment({ ...environment, VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" });
    await assert.rejects(openDevice({ device: "webgpu", threads: 1, log }), oneLine("DEVICE_UNAVAILABLE"));
    setEnvironment({ ...environment, NODE_OPTIONS: "--import=data:text/javascript,process.abort()" });
    await assert.rejects(checkInChild({ kind: "webgpu", threads: 1, measure: false }), (error) => {
      return oneLine("DEVICE_UNAVAILABLE")(error) && error instanceof Error && error.message.includes("SIGABRT");
    });
  });

  it("auto takes what is faster than the CPU, and says why not", async () => {
    setEnvironment(graphicsEnvironments().at(-1)!);
    const device = await openDevice({ device: "auto", threads: 1, log });
    const refused = lines.filter(({ message }) => message === "device not used");
    const taken = lines.filter(({ message }) => message === "device");
    assert.equal(taken.length, 1);
    assert.equal(device.name, `onnxruntime-${taken[0]!.fields.device}`);
    for (const { fields } of refused)
      assert.match(String(fields.reason), /does not work here|times as slow as the CPU/);
    const missing = refused.filter(({ fields }) => /does not work here/.test(String(fields.reason)));
    assert.ok(missing.every(({ level }) => level === "debug"));
    if (device.name === "onnxruntime-cpu" && missing.length > 0)
      assert.equal(taken[0]!.fields.without, missing.map(({ fields }) => fields.device).join(", "));
    const order = [...refused, ...taken].map(({ fields }) => fields.device);
    assert.deepEqual(order, ["cuda", "webgpu", "cpu"].slice(0, order.length));
  });
});

/** The CPU with one output of every program off by a factor. */
const faulty = (name: string, factor: number): Device => ({
  ...cpu,
  compile: (graph, outputs) => {
    const output = outputs[name];
    return cpu.compile(graph, output ? { ...outputs, [name]: scale(output, factor) } : outputs);
  },
});

/** To ten bits of mantissa. */
const toTf32 = ({ data, ...tensor }: FloatTensor): FloatTensor => {
  const rounded = data.slice();
  const bits = new Uint32Array(rounded.buffer);
  for (const [i, value] of bits.entries()) bits[i] = (value + 0x1000) & ~0x1fff;
  return { ...tensor, data: rounded };
};

/** The CPU with what programs are fed rounded. */
const rounding: Device = {
  ...cpu,
  async compile(graph, outputs) {
    const program = await cpu.compile(graph, outputs);
    const round = (tensor: AnyTensor) => ("data" in tensor && tensor.dtype === "float32" ? toTf32(tensor) : tensor);
    return {
      run: (feeds, into) =>
        program.run(Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, round(tensor)])), into),
      dispose: () => program.dispose(),
    };
  },
};

describe("self-check", () => {
  it("names the first tensor that differs, and by how much", async () => {
    assert.equal(await firstDifference(cpu, onnxCpu({ threads: 2 })), undefined);
    const gradient = await firstDifference(faulty("gradient of router", 0), cpu);
    assert.deepEqual(gradient, { tensor: "gradient of router", relative: 1 });
    const state = await firstDifference(faulty("embedding", 0.99), cpu);
    assert.equal(state?.tensor, "embedding after 3 steps");
    const rounding = await firstDifference(faulty("embedding", 1 + 1e-6), cpu);
    assert.equal(rounding, undefined);
  });

  it("tells a device that rounds what it multiplies, as TF32 does, by the product", async () => {
    const difference = await firstDifference(rounding, cpu);
    assert.equal(difference?.tensor, "product");
    assert.ok(difference.relative < 2e-3, `${difference.relative}: a training run would not show it`);
  });

  it("measures differences by the largest element, and takes NaN on one side for one", () => {
    assert.equal(relativeDifference([1, 4.5], [1, 4]), 0.125);
    assert.equal(relativeDifference([Number.NaN, 1], [Number.NaN, 1]), 0);
    assert.equal(relativeDifference([Number.NaN, 1], [0, 1]), Number.NaN);
    assert.equal(relativeDifference([1], [1, 1]), Number.NaN);
    assert.equal(relativeDifference([1n], [1n]), 0);
  });
});
