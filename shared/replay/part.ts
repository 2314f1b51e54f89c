import { isFault } from "#shared/artifact/codec/codec.js";
import { CODECS, decodeTensor, type TensorShapes } from "#shared/artifact/codec/index.js";
import { fromFloats, toFloats } from "#shared/artifact/float32.js";
import { canonicalHeader, parseSafetensors, type TensorSpec } from "#shared/artifact/safetensors.js";
import { l2Norm } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors.js";
import { checkShapes } from "#shared/model/parts.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { BlobRef } from "#shared/protocol/model-manifest.js";
import type { CodecName } from "#shared/protocol/network.js";

/** Gives one tensor's elements when they are asked for: of a blob, no more than one tensor is ever decoded. */
export type TensorReader = (name: string) => Float32Array;

/** A part of a model, tensor by tensor. */
export interface PartReader {
  readonly read: TensorReader;
  /** L2 norm over all its tensors, in the order of the file. */
  norm(): number;
}

/** @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH */
export const readPart = (bytes: Uint8Array, shapes: TensorShapes, what: string): PartReader => {
  const { tensors } = parseSafetensors(bytes);
  checkShapes(Object.fromEntries(tensors), Object.fromEntries(shapes), what);
  for (const [name, { dtype }] of tensors)
    if (dtype !== "F32")
      throw new BlockZeroError("SAFETENSORS_INVALID", `${what}: tensor ${name} is ${dtype}`, "only F32 is merged");
  const read: TensorReader = (name) => toFloats(tensors.get(name)!);
  return {
    read,
    norm: () =>
      l2Norm(
        (function* () {
          for (const [name, { shape }] of tensors) yield { shape, data: read(name) };
        })(),
      ),
  };
};

/** Reads an update that passed the gates. */
export const readUpdate = (bytes: Uint8Array, codec: CodecName, shapes: TensorShapes): TensorReader => {
  const { tensors } = parseSafetensors(bytes);
  return (name) => {
    const data = decodeTensor(CODECS[codec], name, shapes.get(name)!, tensors);
    if (!isFault(data)) return data;
    throw new BlockZeroError("UPDATE_MALFORMED", `tensor ${name}: ${data.problem}`, "put it through the gates first");
  };
};

/** The canonical float32 file of such tensors, filled one by one. */
export interface PartWriter {
  write(name: string, data: Float32Array): void;
  finish(): { readonly reference: BlobRef; readonly bytes: Uint8Array };
}

export const writePart = (shapes: TensorShapes): PartWriter => {
  const specs = new Map([...shapes].map(([name, shape]): [string, TensorSpec] => [name, { dtype: "F32", shape }]));
  const { bytes: header, tensors } = canonicalHeader(specs);
  const bytes = new Uint8Array(header.length + Math.max(0, ...[...tensors.values()].map(({ end }) => end)));
  bytes.set(header);
  return {
    write: (name, data) =>
      bytes.set(fromFloats({ shape: shapes.get(name)!, data }).data, header.length + tensors.get(name)!.begin),
    finish: () => ({ reference: { hash: sha256(bytes), bytes: bytes.length }, bytes }),
  };
};
