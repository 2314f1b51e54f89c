import { Graph, type Value } from "./graph.js";
import type { Tensor } from "./tensor.js";

/** A new graph that is made of another one's nodes. */
export interface Rebuilt {
  readonly graph: Graph;
  /** The new graph's values, by those of the other. */
  readonly moved: Map<Value, Value>;
  /** The new graph's value for one of the other: as it was moved, or the same constant. */
  move(value: Value): Value;
}

/**
 * Begins a new graph with another one's inputs.
 *
 * @param unmade gives a value that is neither moved nor a constant; throws a TypeError unless given
 */
export const rebuild = (
  { inputs }: Pick<Graph, "inputs">,
  unmade: (value: Value, graph: Graph) => Value = refuse,
): Rebuilt => {
  const graph = new Graph();
  const moved = new Map<Value, Value>();
  for (const input of inputs) moved.set(input, graph.input(input.name, input.shape, input.dtype));
  const move = (value: Value): Value => {
    const known = moved.get(value);
    if (known) return known;
    const copy = value.source.kind === "constant" ? copyConstant(graph, value.source.tensor) : unmade(value, graph);
    moved.set(value, copy);
    return copy;
  };
  return { graph, moved, move };
};

const refuse = ({ name }: Value): never => {
  throw new TypeError(`${name} was not made`);
};

const copyConstant = (graph: Graph, tensor: Tensor): Value => {
  switch (tensor.dtype) {
    case "float32":
      return graph.constant(tensor.data, tensor.shape);
    case "int64":
      return graph.constant(Array.from(tensor.data, Number), tensor.shape, tensor.dtype);
    case "bool":
      throw new TypeError("a graph has no constants of truth values");
  }
};
