import type { AnyTensor, Device } from "../device.js";
import { hostMemory } from "./host-memory.js";
import { compileSession, nativeHost, sessionOptions } from "./onnx-session.js";

export interface OnnxOptions {
  /** Processor threads of one operator, 0 for all. Every program has its own pool. */
  readonly threads: number;
}

/** An ONNX Runtime provider whose programs read and write host memory. */
export const onnxInHostMemory = (provider: "cpu" | "cuda", { threads }: OnnxOptions): Device => {
  const { upload, hostOf } = hostMemory();
  const session = {
    options: sessionOptions(provider, threads),
    hostMemory: true,
    toNative: (tensor: AnyTensor) => nativeHost(hostOf(tensor)),
  };
  return {
    name: `onnxruntime-${provider}`,
    hostMemory: true,
    mapsFiles: true,
    compile: (graph, outputs, compiling) => compileSession(graph, outputs, session, compiling),
    upload,
  };
};
