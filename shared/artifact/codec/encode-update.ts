import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { quote } from "#shared/protocol/parsed.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { canonicalParts, type Tensor } from "#shared/tensor-files/safetensors.js";
import type { FloatTensors, TensorBlob } from "../update.js";
import { type Codec, isFault } from "./codec.js";

/** Tensors by name, one after the other. */
export type NamedTensors = Iterable<readonly [name: string, tensor: FloatTensor]>;

/** A sender's memory of what encoding lost, per tensor (error feedback: Karimireddy et al. 2019, algorithm 1). */
export interface Feedback {
  /** The part of a tensor of this shape that earlier updates did not send. Null for none. */
  carried(name: string, shape: readonly number[]): Promise<Float32Array | null>;
  /** Stores the part that this update does not send. */
  keep(name: string, left: Float32Array): Promise<void>;
}

/** The file of an update in pieces, one after the other: together they may be more than one array holds. */
export interface EncodedUpdate {
  readonly pieces: readonly Uint8Array[];
  /** Length of all pieces. */
  readonly length: number;
  readonly hash: string;
}

/** A file that is already there. */
export const encodedUpdate = (pieces: readonly Uint8Array[], hash = sha256(...pieces)): EncodedUpdate => ({
  pieces,
  length: pieces.reduce((sum, { length }) => sum + length, 0),
  hash,
});

/** The same in one piece. @throws as `encodePieces` */
export const encodeUpdate = async (codec: Codec, update: FloatTensors, feedback?: Feedback): Promise<TensorBlob> => {
  const { pieces, hash } = await encodePieces(codec, update, feedback);
  return { bytes: Buffer.concat(pieces), hash };
};

/**
 * The file of an update. With feedback, a tensor is encoded as update + carried, and the kept remainder is that sum minus the decoded
 * value. Each is one float32 operation per element. Of a tensor that was taken from the iterator only the encoded one is held.
 *
 * @throws BlockZeroError UPDATE_NOT_FINITE, and what the feedback throws
 */
export const encodePieces = async (codec: Codec, update: NamedTensors, feedback?: Feedback): Promise<EncodedUpdate> => {
  const pieces = new Map<string, Tensor>();
  for (const [name, { shape, data }] of update) {
    const carried = (await feedback?.carried(name, shape)) ?? null;
    const values = carried ? data.map((value, i) => value + carried[i]!) : data;
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw notFinite(name, values[bad]!);
    const encoded = codec.encode(values);
    for (const [suffix, spec] of codec.layout(shape)) {
      pieces.set(name + suffix, { ...spec, data: encoded.get(suffix)! });
    }
    if (!feedback) continue;
    const decoded = codec.decode(encoded, values.length);
    if (isFault(decoded)) throw notFinite(name, Math.max(...[...values].map(Math.abs)));
    await feedback.keep(
      name,
      values.map((value, i) => value - decoded[i]!),
    );
  }
  return encodedUpdate(canonicalParts(pieces));
};

const notFinite = (name: string, value: number) =>
  new BlockZeroError(
    "UPDATE_NOT_FINITE",
    `tensor ${quote(name)} of the update holds ${value}`,
    "lower the learning rate; no codec can write it",
  );
