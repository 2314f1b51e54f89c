import { byteLength, type DType } from "#shared/artifact/dtype.js";
import { parseSafetensors } from "#shared/artifact/safetensors.js";

/** Where two files that should be one differ first. */
export interface Difference {
  /** Offset of the first byte that differs. */
  readonly byte: number;
  /** The tensor that holds it, and the element's row-major index; null outside of tensors. */
  readonly tensor: string | null;
  readonly index: number | null;
}

/** Null for equal bytes. @param sound the file as it should be; of a tensor blob, its header says which tensor a byte belongs to */
export const firstDifference = (sound: Uint8Array, other: Uint8Array): Difference | null => {
  const length = Math.min(sound.length, other.length);
  let byte = 0;
  while (byte < length && sound[byte] === other[byte]) byte++;
  if (byte === length && sound.length === other.length) return null;
  for (const [tensor, { dtype, data }] of tensorsOf(sound)) {
    const offset = byte - (data.byteOffset - sound.byteOffset);
    if (offset >= 0 && offset < data.length)
      return { byte, tensor, index: Math.floor(offset / (byteLength(dtype, [1]) ?? 1)) };
  }
  return { byte, tensor: null, index: null };
};

/** For people: `tensor "x" at index 7 (byte 300)`. */
export const describeDifference = ({ byte, tensor, index }: Difference): string =>
  tensor === null ? `at byte ${byte}` : `in tensor ${JSON.stringify(tensor)} at index ${index} (byte ${byte})`;

const tensorsOf = (bytes: Uint8Array): Iterable<readonly [string, { dtype: DType; data: Uint8Array }]> => {
  try {
    return parseSafetensors(bytes).tensors;
  } catch {
    // A document, not a tensor blob.
    return [];
  }
};
