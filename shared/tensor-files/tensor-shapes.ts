/** Tensors by name → shape. */
export type TensorShapes = ReadonlyMap<string, readonly number[]>;
