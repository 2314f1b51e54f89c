import type { Arithmetic } from "#shared/compute/judge.js";

/** This machine's processor, on all its threads unless told otherwise. */
export const processor = async (threads = 0): Promise<Arithmetic> => {
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  return { device: onnxCpu({ threads }), threads };
};
