import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createFloatScratch } from "#shared/files/scratch.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { canonicalHeader } from "#shared/tensor-files/safetensors.js";
import type { OpenCheckpoint } from "./checkpoint-reader.js";

/** Largest part in bytes: what whoever scores a model can read in one piece. */
export const MAX_PART_BYTES = 2 ** 31 - 1;

/** Encodes parts of a checkpoint one after another, in memory that it uses again. */
export interface PartEncoder {
  /**
   * The canonical float32 blob of some of the tensors in pieces: the bytes that `encodeParameters` makes of them. Each stands until the next one
   * is asked for.
   *
   * @param what the part's name in an error
   * @throws BlockZeroError CHECKPOINT_PART_TOO_LARGE, CHECKPOINT_NOT_FINITE, CHECKPOINT_MALFORMED
   */
  encode(shapes: Readonly<Record<string, readonly number[]>>, what: string): AsyncIterable<Uint8Array>;
}

/** Memory: the largest tensor. */
export const partEncoder = (checkpoint: OpenCheckpoint): PartEncoder => {
  const scratch = createFloatScratch();
  return {
    async *encode(shapes, what) {
      const specs = new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32" as const, shape }]));
      const { bytes: header, tensors } = canonicalHeader(specs);
      const length = header.length + ([...tensors.values()].at(-1)?.end ?? 0);
      if (length > MAX_PART_BYTES) throw tooLarge(what, length);
      yield header;
      for (const [name, { shape }] of tensors) {
        const data = scratch(sizeOf(shape));
        await checkpoint.readInto(name, data);
        if (!allFinite(data)) throw notFinite(checkpoint.dir, name);
        yield fromFloats({ shape, data }).data;
      }
    },
  };
};

const allFinite = (data: Float32Array): boolean => {
  for (const value of data) if (!Number.isFinite(value)) return false;
  return true;
};

const tooLarge = (what: string, length: number) =>
  new BlockZeroError(
    "CHECKPOINT_PART_TOO_LARGE",
    `the ${what} takes ${length} bytes in float32, at most ${MAX_PART_BYTES} fit into a part`,
    "spread the experts over more groups, and leave none in the hub",
  );

const notFinite = (dir: string, name: string) =>
  new BlockZeroError(
    "CHECKPOINT_NOT_FINITE",
    `checkpoint ${dir}: tensor ${name} holds a number that is not finite`,
    "such a model cannot be trained: take another checkpoint",
  );
