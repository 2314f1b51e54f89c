import { elementsOf } from "#shared/artifact/codec/codec.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import type { OpenCheckpoint } from "./checkpoint-reader.js";
import type { Parameters } from "./parameters.js";
import type { PartDTypes } from "./part-layout.js";

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Where the tensors of a part come from. */
export interface PartFloats {
  /** The precision that a tensor's elements have; float32 where it says nothing. */
  readonly dtypes: PartDTypes;
  /** The elements of the tensors in ascending order of name, in pieces. A piece stands until the next one is asked for. */
  read(shapes: Shapes): AsyncIterable<Float32Array>;
}

/** Elements of a piece: its memory is all that a checkpoint of any size takes. */
const PIECE = 1 << 20;

/**
 * Reads the tensors of a checkpoint, each in its own precision.
 *
 * @throws BlockZeroError while reading: CHECKPOINT_NOT_FINITE, CHECKPOINT_MALFORMED
 */
export const checkpointFloats = (checkpoint: OpenCheckpoint): PartFloats => {
  const memory = new Float32Array(PIECE);
  return {
    dtypes: new Map([...checkpoint.tensors].map(([name, { dtype }]) => [name, dtype])),
    async *read(shapes) {
      for (const [name, shape] of byName(new Map(Object.entries(shapes)))) {
        const length = elementsOf(shape);
        for (let at = 0; at < length; at += PIECE) {
          const piece = memory.subarray(0, Math.min(PIECE, length - at));
          await checkpoint.readInto(name, piece, at);
          if (!piece.every(Number.isFinite)) throw notFinite(checkpoint.dir, name);
          yield piece;
        }
      }
    },
  };
};

/** The tensors of a model in memory, in float32. */
export const parametersFloats = (parameters: Parameters): PartFloats => ({
  dtypes: new Map(),
  async *read(shapes) {
    for (const [name] of byName(new Map(Object.entries(shapes)))) yield parameters[name]!.data;
  },
});

const notFinite = (dir: string, name: string) =>
  new BlockZeroError(
    "CHECKPOINT_NOT_FINITE",
    `checkpoint ${dir}: tensor ${name} holds a number that is not finite`,
    "such a model cannot be trained: take another checkpoint",
  );
