import { BlockZeroError } from "#shared/errors/error.js";
import type { AnyTensor, AnyTensors } from "./device.js";
import { formatShape, type ValueType } from "./graph.js";
import { sizeOf, type Tensor } from "./tensor.js";

/** Throws GRAPH_FEED, naming the input, unless `feeds` has a tensor of the right type for each of `needed` and none unknown. */
export const checkFeeds = (
  feeds: AnyTensors,
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
export const checkInto = (into: AnyTensors, outputs: Readonly<Record<string, ValueType>>): void => {
  for (const [name, tensor] of Object.entries(into)) {
    const type = outputs[name];
    if (!type) throw feedError(`"${name}" is no output of the program`);
    checkTensor(`output "${name}"`, tensor, type);
  }
};

/** Throws GRAPH_FEED, with `what` as the name, unless the tensor has the type, and the length that its shape gives. */
export const checkTensor = (what: string, tensor: AnyTensor, type: ValueType): void => {
  const fits =
    tensor.dtype === type.dtype &&
    tensor.shape.length === type.shape.length &&
    type.shape.every((dim, axis) => typeof dim === "string" || dim === tensor.shape[axis]);
  const wanted = `${type.dtype}${formatShape(type.shape)}`;
  if (!fits) throw feedError(`${what} is ${wanted}, got ${tensor.dtype}${formatShape(tensor.shape)}`);
  if (isHost(tensor) && tensor.data.length !== sizeOf(tensor.shape)) {
    throw feedError(`${what} is ${wanted}, got ${tensor.data.length} elements`);
  }
};

/** Whether a tensor's elements are in host memory. */
export const isHost = (tensor: AnyTensor): tensor is Tensor => "data" in tensor;

export const feedError = (problem: string, hint = "feed every input once, in the type the graph was built with") =>
  new BlockZeroError("GRAPH_FEED", problem, hint);
