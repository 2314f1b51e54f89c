import { fromFloats } from "#shared/artifact/float32.js";
import { canonicalHeader } from "#shared/artifact/safetensors.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors.js";
import type { OpenCheckpoint } from "./checkpoint-reader.js";

/** Largest part in bytes: what the blob store can read back in one piece. */
export const MAX_PART_BYTES = 2 ** 31 - 1;

/** Encodes parts of a checkpoint one after another, in memory that it uses again. */
export interface PartEncoder {
  /**
   * The canonical float32 blob of some of the tensors: the bytes that `encodeParameters` makes of them. They stand until the next call.
   *
   * @param what the part's name in an error
   * @throws BlockZeroError CHECKPOINT_PART_TOO_LARGE, CHECKPOINT_NOT_FINITE, CHECKPOINT_MALFORMED
   */
  encode(shapes: Readonly<Record<string, readonly number[]>>, what: string): Promise<Uint8Array>;
}

/** Memory: the largest part that is asked for, and its largest tensor. */
export const partEncoder = (checkpoint: OpenCheckpoint): PartEncoder => {
  let memory = new Uint8Array();
  let scratch = new Float32Array();
  return {
    encode: async (shapes, what) => {
      const specs = new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32" as const, shape }]));
      const { bytes: header, tensors } = canonicalHeader(specs);
      const length = header.length + ([...tensors.values()].at(-1)?.end ?? 0);
      if (length > MAX_PART_BYTES) throw tooLarge(what, length);
      if (memory.length < length) memory = new Uint8Array(length);
      const blob = memory.subarray(0, length);
      blob.set(header);
      for (const [name, { shape, begin }] of tensors) {
        const size = sizeOf(shape);
        if (scratch.length < size) scratch = new Float32Array(size);
        const data = scratch.subarray(0, size);
        await checkpoint.readInto(name, data);
        if (!allFinite(data)) throw notFinite(checkpoint.dir, name);
        blob.set(fromFloats({ shape, data }).data, header.length + begin);
      }
      return blob;
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
