import type { StoredDType } from "../stored-tensor.js";
import type { DType } from "../tensor.js";

/** Field numbers of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), as far as BlockZero writes them. */
export const model = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 } as const;
export const opset = { domain: 1, version: 2 } as const;
export const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
export const node = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
export const attribute = { name: 1, f: 2, i: 3, s: 4, ints: 8, type: 20 } as const;
export const tensor = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 } as const;
export const stringEntry = { key: 1, value: 2 } as const;
export const valueInfo = { name: 1, type: 2 } as const;
export const type = { tensorType: 1, sequenceType: 4 } as const;
export const sequenceType = { elemType: 1 } as const;
export const tensorType = { elemType: 1, shape: 2 } as const;
export const shape = { dim: 1 } as const;
export const dimension = { dimValue: 1, dimParam: 2 } as const;

/** AttributeProto.AttributeType. */
export const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

/** TensorProto.DataType. */
export const dataType: Readonly<Record<DType, number>> = { float32: 1, int64: 7, bool: 9 };

/** The same of integers that no graph of the engine has. */
export const integerType = { uint8: 2, int8: 3, int32: 6 } as const;
export type IntegerType = keyof typeof integerType;

/** The same of tensors in files. */
export const storedType: Readonly<Record<StoredDType, number>> = { F32: 1, F16: 10, BF16: 16 };

/** TensorProto.DataLocation. */
export const EXTERNAL = 1;
