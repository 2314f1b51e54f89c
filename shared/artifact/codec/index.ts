import type { CodecName } from "#shared/protocol/codec-name.js";
import { canonicalHeader, type Tensor, type TensorSpec } from "#shared/tensor-files/safetensors.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import { type Codec, type CodecFault, elementsOf } from "./codec.js";
import { bfloat16, float32 } from "./dense.js";
import { int8 } from "./int8.js";
import { topk2bit } from "./topk-2bit.js";

/** Every codec by its name in network files and manifests. */
export const CODECS: Readonly<Record<CodecName, Codec>> = { float32, bfloat16, int8, "topk-2bit": topk2bit };

/** The content of an update's file, by name: each tensor's pieces. */
export const encodedSpecs = (codec: Codec, shapes: TensorShapes): ReadonlyMap<string, TensorSpec> =>
  new Map(
    [...shapes].flatMap(([name, shape]) =>
      [...codec.layout(shape)].map(([suffix, spec]) => [name + suffix, spec] as const),
    ),
  );

/** Size of an update's file in bytes, the same for every update of a group. */
export const encodedLength = (codec: Codec, shapes: TensorShapes): number => {
  const { bytes, tensors } = canonicalHeader(encodedSpecs(codec, shapes));
  return bytes.length + ([...tensors.values()].at(-1)?.end ?? 0);
};

/** One tensor of an update. @param tensors those of the file, as `encodedSpecs` lists them */
export const decodeTensor = (
  codec: Codec,
  name: string,
  shape: readonly number[],
  tensors: ReadonlyMap<string, Tensor>,
): Float32Array | CodecFault => {
  const pieces = [...codec.layout(shape).keys()].map((suffix) => [suffix, tensors.get(name + suffix)!.data] as const);
  return codec.decode(new Map(pieces), elementsOf(shape));
};
