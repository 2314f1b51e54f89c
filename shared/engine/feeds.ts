import { BlockZeroError } from "#shared/errors.js";
import type { Tensors } from "./device.js";
import { formatShape, type ValueType } from "./graph.js";
import { sizeOf, type Tensor } from "./tensor.js";

/** Throws GRAPH_FEED, naming the input, unless `feeds` has a tensor of the right type for each of `needed` and none unknown. */
export const checkFeeds = (
  feeds: Tensors,
  needed: Readonly<Record<string, ValueType>>,
  known: ReadonlySet<string>,
): void => {
  for (const name of Object.keys(feeds)) {
    if (!known.has(name)) throw feedError(`"${name}" is no input of the graph`);
  }
  for (const [name, type] of Object.entries(needed)) {
    const tensor = feeds[name];
    if (!tensor) throw feedError(`input "${name}" is missing`);
    checkTensor(`input "${name}"`, tensor, type);
  }
};

/** Throws GRAPH_FEED, naming the output, unless every tensor of `into` fits its output. */
export const checkInto = (into: Tensors, outputs: Readonly<Record<string, ValueType>>): void => {
  for (const [name, tensor] of Object.entries(into)) {
    const type = outputs[name];
    if (!type) throw feedError(`"${name}" is no output of the program`);
    checkTensor(`output "${name}"`, tensor, type);
  }
};

const checkTensor = (what: string, tensor: Tensor, type: ValueType): void => {
  const fits =
    tensor.dtype === type.dtype &&
    tensor.shape.length === type.shape.length &&
    type.shape.every((dim, axis) => typeof dim === "string" || dim === tensor.shape[axis]);
  const wanted = `${type.dtype}${formatShape(type.shape)}`;
  if (!fits) throw feedError(`${what} is ${wanted}, got ${tensor.dtype}${formatShape(tensor.shape)}`);
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw feedError(`${what} is ${wanted}, got ${tensor.data.length} elements`);
  }
};

const feedError = (problem: string) =>
  new BlockZeroError("GRAPH_FEED", problem, "feed every input once, in the type the graph was built with");
