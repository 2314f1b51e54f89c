import type { Device } from "../device.js";
import { type OnnxOptions, onnxInHostMemory } from "./onnx-host.js";

/**
 * ONNX Runtime's CUDA provider. The Node binding shares no memory with it, so state is copied to the card and back in every run. Programs
 * fail to compile unless the operator has installed the provider's libraries, CUDA and cuDNN.
 */
export const onnxCuda = (options: OnnxOptions): Device => onnxInHostMemory("cuda", options);
