/** A typed graph, reverse-mode differentiation, and the devices that run it. */
export { gradients } from "#shared/engine/autodiff.js";
export type {
  AnyTensor,
  AnyTensors,
  CompileOptions,
  Device,
  DeviceTensor,
  Program,
  Tensors,
} from "#shared/engine/device.js";
export { type Dim, Graph, type Shape, type Value, type ValueType } from "#shared/engine/graph.js";
export * as op from "#shared/engine/ops/index.js";
export { ADAMW_DEFAULTS, type AdamWOptions } from "#shared/engine/optim/adamw.js";
export { type DeviceChoice, deviceChoices } from "#shared/engine/runtime/device-choice.js";
export { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
export { type OpenDeviceOptions, openDevice } from "#shared/engine/runtime/open-device.js";
export type { StoredDType, StoredTensor, StoredTensors } from "#shared/engine/stored-tensor.js";
export {
  type BoolTensor,
  type DType,
  type FloatTensor,
  floatTensor,
  type IntTensor,
  intTensor,
  type Tensor,
  zeros,
} from "#shared/engine/tensor.js";
export { BlockZeroError, formatError } from "#shared/errors/error.js";
