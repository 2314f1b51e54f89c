import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { quote } from "#shared/protocol/parsed.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { encodeSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";
import type { FloatTensors, TensorBlob } from "../update.js";
import { type Codec, isFault } from "./codec.js";

/** A sender's memory of what encoding lost, per tensor (error feedback: Karimireddy et al. 2019, algorithm 1). */
export interface Feedback {
  /** The part of a tensor of this shape that earlier updates did not send. Null for none. */
  carried(name: string, shape: readonly number[]): Promise<Float32Array | null>;
  /** Stores the part that this update does not send. */
  keep(name: string, left: Float32Array): Promise<void>;
}

/** The file of an update, in memory. @throws as `encodeTensor` */
export const encodeUpdate = async (codec: Codec, update: FloatTensors, feedback?: Feedback): Promise<TensorBlob> => {
  const encoded = new Map<string, Tensor>();
  for (const [name, tensor] of update)
    for (const [piece, written] of await encodeTensor(codec, name, tensor, feedback)) encoded.set(piece, written);
  const bytes = encodeSafetensors(encoded);
  return { bytes, hash: sha256(bytes) };
};

/**
 * One tensor of an update, as the tensors of the update's file that it becomes. With feedback, it is encoded as update + carried, and the kept
 * remainder is that sum minus the decoded value. Each is one float32 operation per element.
 *
 * @throws BlockZeroError UPDATE_NOT_FINITE, and what the feedback throws
 */
export const encodeTensor = async (
  codec: Codec,
  name: string,
  { shape, data }: FloatTensor,
  feedback?: Feedback,
): Promise<ReadonlyMap<string, Tensor>> => {
  const carried = (await feedback?.carried(name, shape)) ?? null;
  const values = carried ? data.map((value, i) => value + carried[i]!) : data;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw notFinite(name, values[bad]!);
  const encoded = codec.encode(values);
  if (feedback) {
    const decoded = codec.decode(encoded, values.length);
    if (isFault(decoded)) throw notFinite(name, largest(values));
    await feedback.keep(
      name,
      values.map((value, i) => value - decoded[i]!),
    );
  }
  return new Map(
    [...codec.layout(shape)].map(([suffix, spec]) => [name + suffix, { ...spec, data: encoded.get(suffix)! }]),
  );
};

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const notFinite = (name: string, value: number) =>
  new BlockZeroError(
    "UPDATE_NOT_FINITE",
    `tensor ${quote(name)} of the update holds ${value}`,
    "lower the learning rate; no codec can write it",
  );
