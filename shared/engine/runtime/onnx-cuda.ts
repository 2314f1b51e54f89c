import type { Device } from "../device.js";
import { type OnnxOptions, onnxInHostMemory } from "./onnx-host.js";

/**
 * ONNX Runtime's CUDA provider. The Node binding shares no memory with it, so state is copied to the card and back in every run. Programs
 * fail to compile unless the operator has installed the provider's libraries, CUDA and cuDNN.
 */
export const onnxCuda = (options: OnnxOptions): Device => {
  // Cards since Ampere would round what is multiplied to ten bits (TF32), and the Node binding passes the provider no option against it. NVIDIA's
  // libraries read this when they begin.
  process.env.NVIDIA_TF32_OVERRIDE = "0";
  return onnxInHostMemory("cuda", options);
};
