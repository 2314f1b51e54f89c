import { decodeFloats, encodeFloats, type FloatTensors, type TensorBlob } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors.js";
import type { Parameters } from "./parameters.js";

/** The canonical safetensors blob of a model's part, and its hash. */
export const encodeParameters = (parameters: Parameters): TensorBlob =>
  encodeFloats(new Map(Object.entries(parameters)));

/** Tensors by name, as the engine takes them. */
export const toParameters = (tensors: FloatTensors): Parameters =>
  Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, { dtype: "float32", shape, data }]));

/**
 * Reads a part and holds it against the names and shapes that the network file asks for.
 *
 * @param what the part's name in an error
 * @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH
 */
export const decodeParameters = (
  bytes: Uint8Array,
  shapes: Readonly<Record<string, readonly number[]>>,
  what: string,
): Parameters => {
  const tensors = decodeFloats(bytes);
  for (const [name, shape] of Object.entries(shapes)) {
    const found = tensors.get(name)?.shape;
    if (!found) throw mismatch(what, `tensor ${name} is missing`);
    if (`${found}` !== `${shape}`)
      throw mismatch(what, `tensor ${name} is [${found}], the network file says [${shape}]`);
  }
  const extra = [...tensors.keys()].find((name) => !Object.hasOwn(shapes, name));
  if (extra !== undefined) throw mismatch(what, `tensor ${extra} is not part of it`);
  return toParameters(tensors);
};

const mismatch = (what: string, problem: string) =>
  new BlockZeroError(
    "CHECKPOINT_MISMATCH",
    `${what} does not fit the network file: ${problem}`,
    "use a checkpoint of this network, or the network file that the checkpoint was made for",
  );
