import type { CodecName } from "#shared/protocol/codec-name.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import type { TensorSpec } from "#shared/tensor-files/safetensors.js";

/** The encoded form of one tensor of an update: the bytes of each piece, by the suffix that the piece adds to the tensor's name. */
export type Pieces = ReadonlyMap<string, Uint8Array>;

/** Memory for that many elements. */
export type Allocate = (length: number) => Float32Array;

export const allocateNew: Allocate = (length) => new Float32Array(length);

/** What is wrong with a piece's bytes. */
export interface CodecFault {
  readonly reason: Extract<ReasonCode, "malformed" | "not_finite">;
  /** One line, without the tensor's name. */
  readonly problem: string;
}

/**
 * How one float32 tensor is encoded. Everything except the values follows from the tensor's shape, so no file can request memory. Decoding
 * is part of the protocol: the same bytes give the same bits on every machine. Encoding is the miner's own choice.
 */
export interface Codec {
  readonly name: CodecName;
  /** Whether a miner keeps what the encoding lost and adds it to its next update. */
  readonly feedback: boolean;
  /** Suffix → the tensor that the file holds under it. */
  layout(shape: readonly number[]): ReadonlyMap<string, TensorSpec>;
  /** Little-endian bytes of each piece. The values must be finite. */
  encode(values: Float32Array): Pieces;
  /**
   * Never throws for pieces of the layout's sizes, whatever their bytes. The caller checks for values that overflow or are not finite.
   *
   * @param allocate memory for the elements, with any content; default: new memory
   * @returns the tensor's elements, which may be a view of the bytes
   */
  decode(pieces: Pieces, length: number, allocate?: Allocate): Float32Array | CodecFault;
}

export const isFault = (decoded: Float32Array | CodecFault): decoded is CodecFault => "reason" in decoded;

export const malformed = (problem: string): CodecFault => ({ reason: "malformed", problem });

/** Number of elements of a shape. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
