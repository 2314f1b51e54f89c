import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { tfjs } from "#shared/engine/runtime/tfjs/tfjs.js";
import { openDeviceNetwork } from "#shared/sprint/exact/device-network.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import type { Way } from "#shared/sprint/exact/faster-way.js";
import { openProcessorNetwork } from "#shared/sprint/exact/processor-network.js";
import type { LoadOptions } from "#shared/sprint/exact/sprint-network.js";
import { assertJudged, assertVectors } from "./devices.js";

/** `npm run test:sprint` compares a million. */
const nonces = Number(process.env.BLOCKZERO_SPRINT_NONCES ?? 200_000);

const engine = (device: Device) => (options: LoadOptions) => openDeviceNetwork({ ...options, device });
const processor = (way: Way, threads: number) => (options: LoadOptions) =>
  openProcessorNetwork({ ...options, threads, way });

const onProcessor = [engine(onnxCpu({ threads: 2 })), processor("kernels", 2), processor("products", 2)];

describe("the exact network has the same bits", () => {
  for (const [name, open] of Object.entries({
    "ONNX Runtime on one thread": engine(onnxCpu({ threads: 1 })),
    "ONNX Runtime on two threads": engine(onnxCpu({ threads: 2 })),
    "the kernels on one thread": processor("kernels", 1),
    "the kernels on three threads": processor("kernels", 3),
    "products on one thread": processor("products", 1),
    "products on three threads": processor("products", 3),
  })) {
    it(`as the vectors by ${name}`, async () => {
      await assertVectors("tiny", open);
      await assertVectors("test", open);
    });
  }

  it(`as the reference network over ${nonces} nonces by ONNX Runtime, by the kernels and by products`, async () => {
    await assertJudged(EXACT_DIALS.tiny, nonces, onProcessor);
  });

  it("as the reference network in layers of the real dial", async () => {
    await assertJudged({ ...EXACT_DIALS.real, layers: 1 }, 64, onProcessor);
  });

  it("as the reference network over 10,000 nonces by each backend of TensorFlow.js", async () => {
    const device = await tfjs();
    for (const backend of ["wasm", "cpu"]) {
      if (backend === "cpu") await import("@tensorflow/tfjs-backend-cpu");
      assert.ok(await tf.setBackend(backend));
      await assertVectors("tiny", engine(device));
      await assertJudged(EXACT_DIALS.tiny, 10_000, [engine(device)]);
    }
  });
});
