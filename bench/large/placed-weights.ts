import { readPlace } from "#shared/tensor-files/read-place.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";
import type { FrozenSource } from "#shared/training/frozen-source.js";

/**
 * Frozen weights where they lie in files, in their own precision: of what is read nothing is kept.
 *
 * @throws when read: FILE_SHRANK, FILE_UNREADABLE
 */
export const placedWeights = (places: Readonly<Record<string, TensorPlace>>): FrozenSource => ({
  shapes: Object.fromEntries(Object.entries(places).map(([name, { shape }]) => [name, shape])),
  read: async (name) => ({ dtype: "float32", shape: places[name]!.shape, data: await readPlace(places[name]!) }),
  rows: async (name, first, end) => {
    const place = places[name]!;
    const height = place.shape[0]!;
    const shape = place.shape.with(0, end - first);
    const [bytes, offset] = [(place.bytes / height) * (end - first), place.offset + (place.bytes / height) * first];
    return { dtype: "float32", shape, data: await readPlace({ ...place, shape, bytes, offset }) };
  },
});
