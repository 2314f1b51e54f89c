import type { Device } from "../device.js";
import { type OnnxOptions, onnxInHostMemory } from "./onnx-host.js";

/**
 * ONNX Runtime on the CPU. A run occupies the calling thread until it is done, although it has its own worker threads. Timers and sockets
 * wait that long, so a process that must stay responsive runs its device on a worker thread.
 */
export const onnxCpu = (options: OnnxOptions): Device => onnxInHostMemory("cpu", options);
