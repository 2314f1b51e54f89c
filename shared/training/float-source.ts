import type { FloatTensor } from "#shared/engine/tensor.js";
import { mapValues, type NamedFloats } from "./objective.js";
import type { Shapes } from "./step-backend.js";

/** Float tensors that are read one at a time, so they need not all be in memory. */
export interface FloatSource {
  readonly shapes: Shapes;
  /** One of the tensors, for reading only. */
  read(name: string): Promise<FloatTensor>;
}

export const inMemory = (tensors: NamedFloats): FloatSource => ({
  shapes: mapValues(tensors, ({ shape }) => shape),
  read: async (name) => tensors[name]!,
});
