import type { Graph, Node, Value } from "./graph.js";

/**
 * The nodes of a graph that some outputs are made by, in the graph's order.
 *
 * @param given values that are there already: what only they are made of is not needed
 */
export const neededNodes = (
  { nodes }: Pick<Graph, "nodes">,
  outputs: Iterable<Value>,
  given?: { has(value: Value): boolean },
): readonly Node[] => {
  const live = new Set(outputs);
  const needed = nodes.toReversed().filter((node) => {
    const isNeeded = node.outputs.some((output) => live.has(output) && !given?.has(output));
    if (isNeeded) for (const input of node.inputs) live.add(input);
    return isNeeded;
  });
  return needed.reverse();
};
