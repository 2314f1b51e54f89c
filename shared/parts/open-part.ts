import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import type { Scratch } from "#shared/files/scratch.js";
import { addSquares } from "#shared/kernels/sum-of-squares.js";
import { checkShapes } from "#shared/model/part-parameters.js";
import { type BlobRef, blobsOf, type PartRef } from "#shared/protocol/model-manifest.js";
import { quote } from "#shared/protocol/parsed.js";
import { type FloatDType, floatBytes, isFloatDType, widen } from "#shared/tensor-files/float-dtype.js";
import { toFloats } from "#shared/tensor-files/float32.js";
import { canonicalHeader, type SafetensorsHeader } from "#shared/tensor-files/safetensors.js";
import { openSafetensors } from "#shared/tensor-files/safetensors-file.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";

/** Where a tensor lies in the blobs of its part, in one piece. */
export interface PartTensor {
  readonly shape: readonly number[];
  readonly dtype: FloatDType;
  /** Index of its blob. */
  readonly blob: number;
  /** Of its first byte in the blob. */
  readonly offset: number;
  readonly bytes: number;
}

/** A part of a model, in one blob or several. Only what is read is in memory, in float32 whatever its precision in the file. */
export interface OpenPart {
  /** By name, in the order of the blobs and of their data. */
  readonly tensors: ReadonlyMap<string, PartTensor>;
  /** The elements of one tensor. They lie in `scratch`, and the caller may change them. */
  read(name: string, scratch: Scratch): Promise<Float32Array>;
  /** Fills `into` with a tensor's elements, from element `from` on. */
  readInto(name: string, into: Float32Array, from?: number): Promise<void>;
  /** L2 norm over all its tensors, in the order of the blobs. An abort ends it before the next piece. */
  norm(signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/** Elements that are read at a time where a tensor need not be whole. */
const PIECE = 1 << 18;

/**
 * Opens a part that somebody else wrote: canonical files of tensors in float32, bfloat16 or float16, which together are exactly those of `shapes`.
 * Close it.
 *
 * @param open opens a blob whose bytes have been verified
 * @param shapes null: whatever the files hold
 * @param what the part's name in an error
 * @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH, and what opening and reading a blob throw
 */
export const openPart = async (
  open: (blob: BlobRef) => Promise<ByteSource>,
  part: PartRef,
  shapes: TensorShapes | null,
  what: string,
): Promise<OpenPart> => {
  const sources: ByteSource[] = [];
  const close = async (): Promise<void> => {
    for (const source of sources) await source.close();
  };
  try {
    const tensors = new Map<string, PartTensor>();
    for (const [index, blob] of blobsOf(part).entries()) {
      const source = await open(blob);
      sources.push(source);
      const { tensors: found, dataStart } = await readHeader(source, what);
      for (const [name, { shape, dtype, begin, end }] of found) {
        if (tensors.has(name)) throw invalid(`${what}: tensor ${quote(name)} is in two of its blobs`);
        if (!isFloatDType(dtype)) throw invalid(`${what}: tensor ${quote(name)} is ${dtype}, which no weights are`);
        tensors.set(name, { shape, dtype, blob: index, offset: dataStart + begin, bytes: end - begin });
      }
    }
    if (shapes) checkShapes(Object.fromEntries(tensors), Object.fromEntries(shapes), what);
    return { ...reading(sources, tensors), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
};

const reading = (sources: readonly ByteSource[], tensors: ReadonlyMap<string, PartTensor>): Omit<OpenPart, "close"> => {
  const lengthOf = (name: string): number => {
    const { bytes, dtype } = tensors.get(name)!;
    return bytes / floatBytes(dtype);
  };
  const readInto: OpenPart["readInto"] = async (name, into, from = 0) => {
    const { blob, offset, dtype } = tensors.get(name)!;
    const length = lengthOf(name);
    if (from + into.length > length) throw new RangeError(`${name} has ${length} elements`);
    const size = floatBytes(dtype);
    // Halves go into the upper half of the memory, from where each is widened before it is written over.
    const start = into.byteOffset + (4 - size) * into.length;
    const data = new Uint8Array(into.buffer, start, size * into.length);
    await sources[blob]!.fill(data, offset + size * from);
    if (dtype !== "F32") return widen(dtype, data, into);
    const floats = toFloats({ data });
    if (floats.buffer !== into.buffer) into.set(floats);
  };
  return {
    tensors,
    readInto,
    read: async (name, scratch) => {
      const length = lengthOf(name);
      const { buffer, byteOffset } = scratch(4 * length);
      const data = new Float32Array(buffer, byteOffset, length);
      await readInto(name, data);
      return data;
    },
    norm: async (signal) => {
      const memory = new Float32Array(PIECE);
      let squares = 0;
      for (const name of tensors.keys()) {
        const length = lengthOf(name);
        for (let at = 0; at < length; at += PIECE) {
          signal?.throwIfAborted();
          const piece = memory.subarray(0, Math.min(PIECE, length - at));
          await readInto(name, piece, at);
          squares = addSquares(squares, piece);
        }
      }
      return Math.sqrt(squares);
    },
  };
};

/** The header of a blob that is the canonical file of its tensors. */
const readHeader = async (source: ByteSource, what: string): Promise<SafetensorsHeader> => {
  const { header } = await openSafetensors(source, what);
  const { bytes } = canonicalHeader(header.tensors);
  const found = new Uint8Array(header.dataStart);
  await source.fill(found, 0);
  if (Buffer.compare(found, bytes) !== 0) throw invalid(`${what}: not canonical safetensors`);
  return header;
};

const invalid = (problem: string): BlockZeroError =>
  new BlockZeroError("SAFETENSORS_INVALID", problem, "ask whoever made the file for a sound one");
