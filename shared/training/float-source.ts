import type { FloatTensor } from "#shared/engine/tensor.js";
import { mapValues, type NamedFloats, type Shapes } from "./objective.js";

/** Float tensors that are read one at a time, so they need not all be in memory. */
export interface FloatSource {
  readonly shapes: Shapes;
  /** One of the tensors, for reading only. */
  read(name: string): Promise<FloatTensor>;
  /** What a tensor's elements are of: where that is the same, so are they. Absent where nobody knows. */
  readonly version?: (name: string) => string | undefined;
}

/** All tensors of a source, by name in its order. */
export const readAll = async ({ shapes, read }: FloatSource): Promise<NamedFloats> => {
  const tensors: Record<string, FloatTensor> = {};
  for (const name of Object.keys(shapes)) tensors[name] = await read(name);
  return tensors;
};

export const inMemory = (tensors: NamedFloats): FloatSource => ({
  shapes: mapValues(tensors, ({ shape }) => shape),
  read: async (name) => tensors[name]!,
});
