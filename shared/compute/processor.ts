import type { Arithmetic } from "./profile/profile.js";

/** This machine's processor, on all its threads unless told otherwise. The engine is loaded at the first call. */
export const processor = async (threads = 0): Promise<Arithmetic> => {
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  return { device: onnxCpu({ threads }), threads };
};
