import { copyConstant, type Subgraph } from "./cut.js";
import { Graph, type Value } from "./graph.js";
import { neededNodes } from "./needed-nodes.js";

/**
 * The same outputs from a graph in which some values are inputs, because they were made before. What only they are made of is left out.
 *
 * @param supplied the inputs' names, by the values in whose place they are
 */
export const supply = ({ graph, outputs }: Subgraph, supplied: ReadonlyMap<Value, string>): Subgraph => {
  const rest = new Graph();
  const moved = new Map<Value, Value>();
  for (const input of graph.inputs) moved.set(input, rest.input(input.name, input.shape, input.dtype));
  for (const [value, name] of supplied) moved.set(value, rest.input(name, value.shape, value.dtype));
  const move = (value: Value): Value => {
    const known = moved.get(value);
    if (known) return known;
    if (value.source.kind !== "constant") throw new TypeError(`${value.name} was not made`);
    const copy = copyConstant(rest, value.source.tensor);
    moved.set(value, copy);
    return copy;
  };
  for (const node of neededNodes(graph, Object.values(outputs), supplied)) {
    const made = rest.apply(node.operator, node.inputs.map(move));
    for (const [i, output] of node.outputs.entries()) if (!supplied.has(output)) moved.set(output, made[i]!);
  }
  return {
    graph: rest,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, move(value)])),
  };
};
