import { BlockZeroError } from "#shared/errors/error.js";
import { createFloatScratch, createScratch, type Scratch } from "#shared/files/scratch.js";
import { byteLength } from "#shared/tensor-files/dtype.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import type { SafetensorsReader } from "#shared/tensor-files/safetensors-file.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import {
  type Allocate,
  allocateNew,
  type Codec,
  type CodecFault,
  elementsOf,
  isFault,
  type Pieces,
} from "./codec/codec.js";
import type { FloatTensors } from "./update.js";

/** Memory for a tensor's bytes, and for its elements if these are not a view of the bytes. */
export interface UpdateMemory {
  readonly pieces: Scratch;
  readonly elements: Allocate;
}

export const createUpdateMemory = (pieces: Scratch = createScratch()): UpdateMemory => ({
  pieces,
  elements: createFloatScratch(),
});

const newMemory: UpdateMemory = { pieces: (bytes) => new Uint8Array(bytes), elements: allocateNew };

/** An update in its codec. Only the requested tensor is in memory. */
export interface UpdateReader {
  /** Shapes of its tensors, in ascending order of name. */
  readonly shapes: TensorShapes;
  /** A tensor as the codec wrote it, in `scratch`. */
  pieces(name: string, scratch: Scratch): Promise<Pieces>;
  /** A tensor's elements, in `memory`. Default: new memory. */
  read(name: string, memory?: UpdateMemory): Promise<Float32Array | CodecFault>;
}

/** @param file holds the tensors that `encodedSpecs` lists */
export const updateReader = (file: SafetensorsReader, codec: Codec, shapes: TensorShapes): UpdateReader => {
  const pieces: UpdateReader["pieces"] = async (name, scratch) => {
    const places = [...codec.layout(shapes.get(name)!)].map(([suffix, { dtype, shape }]) => ({
      suffix,
      bytes: byteLength(dtype, shape)!,
    }));
    const memory = scratch(places.reduce((sum, { bytes }) => sum + aligned(bytes), 0));
    const found = new Map<string, Uint8Array>();
    let at = 0;
    for (const { suffix, bytes } of places) {
      found.set(suffix, memory.subarray(at, at + bytes));
      at += aligned(bytes);
    }
    await Promise.all([...found].map(([suffix, piece]) => file.read(name + suffix, piece)));
    return found;
  };
  return {
    shapes: new Map(byName(shapes)),
    pieces,
    read: async (name, memory = newMemory) =>
      codec.decode(await pieces(name, memory.pieces), elementsOf(shapes.get(name)!), memory.elements),
  };
};

/** All tensors of an update that passed the gates, in ascending order of name. @throws BlockZeroError UPDATE_MALFORMED */
export const loadTensors = async ({ shapes, read }: Pick<UpdateReader, "shapes" | "read">): Promise<FloatTensors> => {
  const tensors = new Map<string, FloatTensor>();
  for (const [name, shape] of shapes) tensors.set(name, { shape, data: soundTensor(name, await read(name)) });
  return tensors;
};

/** A tensor that was read without passing the gates before. @throws BlockZeroError UPDATE_MALFORMED */
export const soundTensor = (name: string, data: Float32Array | CodecFault): Float32Array => {
  if (!isFault(data)) return data;
  throw new BlockZeroError("UPDATE_MALFORMED", `tensor ${name}: ${data.problem}`, "put it through the gates first");
};

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;
