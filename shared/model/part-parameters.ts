import { decodeFloats, encodeFloats, type FloatTensors, type TensorBlob } from "#shared/artifact/update.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
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
  const parameters = toParameters(decodeFloats(bytes));
  checkShapes(parameters, shapes, what);
  return parameters;
};

/**
 * Refuses tensors that are not exactly those of `shapes`, naming the first.
 *
 * @param authority what says so, in an error
 * @throws BlockZeroError CHECKPOINT_MISMATCH
 */
export const checkShapes = (
  parameters: Readonly<Record<string, Pick<Parameters[string], "shape">>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  what: string,
  authority = NETWORK_FILE,
): void => {
  const fail = (problem: string) => mismatch(what, problem, authority);
  for (const [name, shape] of Object.entries(shapes)) {
    const found = Object.hasOwn(parameters, name) ? parameters[name]!.shape : undefined;
    if (!found) throw fail(`tensor ${name} is missing`);
    if (`${found}` !== `${shape}`) throw fail(`tensor ${name} is [${found}], ${authority} says [${shape}]`);
  }
  const extra = Object.keys(parameters).find((name) => !Object.hasOwn(shapes, name));
  if (extra !== undefined) throw fail(`tensor ${quote(extra)} is not part of it`);
};

const NETWORK_FILE = "the network file";

/** The fault of a checkpoint that is readable, but another model's than the authority asks for. */
export const mismatch = (what: string, problem: string, authority = NETWORK_FILE) =>
  new BlockZeroError(
    "CHECKPOINT_MISMATCH",
    `${what} does not fit ${authority}: ${problem}`,
    `use a checkpoint that ${authority} was made for, or the other way round`,
  );
