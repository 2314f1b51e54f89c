import { type FloatTensor, floatTensor } from "#shared/engine/tensor.js";
import { type FloatSource, inMemory } from "./float-source.js";
import type { NamedFloats } from "./objective.js";

/** Weights that are not trained, read when they are needed. */
export interface FrozenSource extends FloatSource {
  /** The rows `first` to `end`, exclusive, of a matrix, for reading only. */
  rows(name: string, first: number, end: number): Promise<FloatTensor>;
}

/** A source whose rows are cut from whole tensors. */
export const wholeTensors = (source: FloatSource): FrozenSource => ({
  ...source,
  rows: async (name, first, end) => rowsOf(await source.read(name), first, end),
});

export const frozenInMemory = (tensors: NamedFloats): FrozenSource => wholeTensors(inMemory(tensors));

/** Several sources as one; where two have a tensor, the first one's. */
export const firstOf = (sources: readonly FrozenSource[]): FrozenSource => {
  const owner = new Map<string, FrozenSource>();
  for (const source of sources.toReversed()) for (const name of Object.keys(source.shapes)) owner.set(name, source);
  const ownerOf = (name: string): FrozenSource => {
    const source = owner.get(name);
    if (source) return source;
    throw new TypeError(`no weights named ${name}`);
  };
  return {
    shapes: Object.fromEntries([...owner].map(([name, { shapes }]) => [name, shapes[name]!])),
    read: (name) => ownerOf(name).read(name),
    rows: (name, first, end) => ownerOf(name).rows(name, first, end),
    version: (name) => ownerOf(name).version?.(name),
  };
};

/** Rows of a matrix, without a copy. */
export const rowsOf = ({ data, shape }: FloatTensor, first: number, end: number): FloatTensor => {
  const [, width] = shape as readonly [number, number];
  return floatTensor(data.subarray(first * width, end * width), [end - first, width]);
};
