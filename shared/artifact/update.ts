import { BlockZeroError } from "#shared/errors/error.js";
import { addSquares } from "#shared/kernels/sum-of-squares.js";
import { sha256 } from "#shared/protocol/hash.js";
import { quote } from "#shared/protocol/parsed.js";
import { type FloatTensor, fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import {
  encodeSafetensors,
  isCanonical,
  parseSafetensors,
  type SafetensorsLimits,
} from "#shared/tensor-files/safetensors.js";

/** Tensors by name. */
export type FloatTensors = ReadonlyMap<string, FloatTensor>;

/** A blob and its hash. */
export interface TensorBlob {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** The canonical safetensors blob of float32 tensors. */
export const encodeFloats = (tensors: FloatTensors): TensorBlob => {
  const bytes = encodeSafetensors(new Map([...tensors].map(([name, tensor]) => [name, fromFloats(tensor)])));
  return { bytes, hash: sha256(bytes) };
};

/**
 * Parses a blob of `encodeFloats`, and nothing else. Tensors are views of `bytes` if aligned.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID
 */
export const decodeFloats = (bytes: Uint8Array, limits?: SafetensorsLimits): FloatTensors => {
  const { tensors } = parseSafetensors(bytes, limits);
  if (!isCanonical(bytes, tensors))
    throw invalid("not canonical safetensors", "ask whoever made the file for a sound one");
  return new Map(
    [...tensors].map(([name, tensor]) => {
      if (tensor.dtype !== "F32") throw invalid(`tensor ${quote(name)} is ${tensor.dtype}`, "only F32 is read here");
      return [name, { shape: tensor.shape, data: toFloats(tensor) }];
    }),
  );
};

/**
 * The change by training: Δ = trained − base, element by element in float32, with the sign of an improvement (DiLoCo's pseudo-gradient is
 * −Δ).
 *
 * @throws BlockZeroError UPDATE_MISMATCH unless both hold the same names and shapes
 */
export const buildUpdate = (base: FloatTensors, trained: FloatTensors): FloatTensors => {
  if (base.size !== trained.size) throw mismatch(`base has ${base.size} tensors, trained ${trained.size}`);
  return new Map(
    [...base].map(([name, { shape, data }]) => {
      const after = trained.get(name);
      if (after === undefined || `${after.shape}` !== `${shape}`)
        throw mismatch(`tensor ${quote(name)} differs in shape`);
      return [name, { shape, data: Float32Array.from(data, (value, i) => after.data[i]! - value) }];
    }),
  );
};

/** √Σx² over all tensors, summed in float64 in their order. Not finite if and only if an element is not. */
export const l2Norm = (tensors: Iterable<Pick<FloatTensor, "data">>): number => {
  let sum = 0;
  for (const { data } of tensors) sum = addSquares(sum, data);
  return Math.sqrt(sum);
};

const invalid = (problem: string, hint: string): BlockZeroError =>
  new BlockZeroError("SAFETENSORS_INVALID", problem, hint);

const mismatch = (problem: string): BlockZeroError =>
  new BlockZeroError("UPDATE_MISMATCH", problem, "train the same tensors that the base model's shard holds");
