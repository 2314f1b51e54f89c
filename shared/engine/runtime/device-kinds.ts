import type { Device } from "../device.js";
import type { DeviceKind } from "./device-choice.js";
import { onnxCpu } from "./onnx-cpu.js";
import { onnxCuda } from "./onnx-cuda.js";
import type { OnnxOptions } from "./onnx-host.js";
import { onnxWebGpu } from "./onnx-webgpu.js";
import { tfjs } from "./tfjs/tfjs.js";

/** Opens a device without a check. Programs use `openDevice`. */
export const deviceOf: Readonly<Record<DeviceKind, (options: OnnxOptions) => Promise<Device>>> = {
  cpu: async (options) => onnxCpu(options),
  webgpu: async (options) => onnxWebGpu(options),
  cuda: async (options) => onnxCuda(options),
  tfjs: () => tfjs(),
};
