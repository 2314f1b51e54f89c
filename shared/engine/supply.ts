import type { Subgraph } from "./cut.js";
import type { Value } from "./graph.js";
import { neededNodes } from "./needed-nodes.js";
import { rebuild } from "./rebuild.js";

/**
 * The same outputs from a graph in which some values are inputs, because they were made before. What only they are made of is left out.
 *
 * @param supplied the inputs' names, by the values in whose place they are
 */
export const supply = ({ graph, outputs }: Subgraph, supplied: ReadonlyMap<Value, string>): Subgraph => {
  const { graph: rest, moved, move } = rebuild(graph);
  for (const [value, name] of supplied) moved.set(value, rest.input(name, value.shape, value.dtype));
  for (const node of neededNodes(graph, Object.values(outputs), supplied)) {
    const made = rest.apply(node.operator, node.inputs.map(move));
    for (const [i, output] of node.outputs.entries()) if (!supplied.has(output)) moved.set(output, made[i]!);
  }
  return {
    graph: rest,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, move(value)])),
  };
};
