import { hasCode } from "#shared/errors/error.js";
import { type ByteSource, PIECE_BYTES } from "#shared/files/byte-source.js";
import { byteLength } from "#shared/tensor-files/dtype.js";
import type { SafetensorsHeader } from "#shared/tensor-files/safetensors.js";
import { openSafetensors } from "#shared/tensor-files/safetensors-file.js";

/** The first place where two files that should be equal differ. */
export interface Difference {
  /** Offset of the first byte that differs. */
  readonly byte: number;
  /** The tensor that holds that byte, and the element's row-major index. Null outside tensors. */
  readonly tensor: string | null;
  readonly index: number | null;
}

/** Null for equal bytes. @param sound the correct file; if it is a tensor blob, its header gives the tensor of a byte */
export const firstDifference = async (sound: ByteSource, other: ByteSource): Promise<Difference | null> => {
  const byte = await firstByte(sound, other);
  if (byte === null) return null;
  const { tensors, dataStart } = (await headerOf(sound)) ?? { tensors: [], dataStart: 0 };
  for (const [tensor, { dtype, begin, end }] of tensors) {
    const offset = byte - dataStart;
    if (offset >= begin && offset < end)
      return { byte, tensor, index: Math.floor((offset - begin) / (byteLength(dtype, [1]) ?? 1)) };
  }
  return { byte, tensor: null, index: null };
};

/** For people: `tensor "x" at index 7 (byte 300)`. */
export const describeDifference = ({ byte, tensor, index }: Difference): string =>
  tensor === null ? `at byte ${byte}` : `in tensor ${JSON.stringify(tensor)} at index ${index} (byte ${byte})`;

/** The first byte that differs, or that only one of the files has. */
const firstByte = async (left: ByteSource, right: ByteSource): Promise<number | null> => {
  const length = Math.min(left.size, right.size);
  const pieces = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)] as const;
  for (let begin = 0; begin < length; begin += PIECE_BYTES) {
    const size = Math.min(PIECE_BYTES, length - begin);
    const [a, b] = [pieces[0].subarray(0, size), pieces[1].subarray(0, size)];
    await Promise.all([left.fill(a, begin), right.fill(b, begin)]);
    if (Buffer.compare(a, b) === 0) continue;
    for (let i = 0; ; i++) if (a[i] !== b[i]) return begin + i;
  }
  return left.size === right.size ? null : length;
};

const headerOf = async (file: ByteSource): Promise<SafetensorsHeader | null> => {
  try {
    return (await openSafetensors(file)).header;
  } catch (thrown) {
    // A document, not a tensor blob.
    if (hasCode(thrown, "SAFETENSORS_INVALID")) return null;
    throw thrown;
  }
};
