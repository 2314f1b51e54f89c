import type { Subgraph } from "./cut.js";
import type { Node, Value } from "./graph.js";
import { neededNodes } from "./needed-nodes.js";
import { rebuild } from "./rebuild.js";

/** The passes of a graph, each node in one of them. */
interface Passes {
  readonly needed: readonly Node[];
  /** What the results of the forward pass are made by. */
  readonly forward: ReadonlySet<Node>;
}

const passesOf = ({ graph, outputs }: Subgraph, results: readonly Value[]): Passes => ({
  needed: neededNodes(graph, Object.values(outputs)),
  forward: new Set(neededNodes(graph, results)),
});

/** What the backward pass takes of what the forward pass made. @param results of the forward pass */
export const keptValues = (subgraph: Subgraph, results: readonly Value[]): ReadonlySet<Value> => {
  const { needed, forward } = passesOf(subgraph, results);
  const taken = needed.filter((node) => !forward.has(node)).flatMap(({ inputs }) => inputs);
  return new Set(taken.filter(({ source }) => source.kind === "node" && forward.has(source.node)));
};

/**
 * The same outputs, bit for bit, from a graph that keeps less for its backward pass: what is one pass over memory away (`remade`) is made again
 * there, of what is kept. Nodes are in the order of their depth, so that a runtime that begins with the latest of what a node needs makes what the
 * backward pass makes of the forward pass alone no earlier than it is used.
 *
 * @param results of the forward pass: what they need belongs to it, all else to the backward pass
 */
export const remake = (subgraph: Subgraph, results: readonly Value[]): Subgraph => {
  const { graph, outputs } = subgraph;
  const { needed, forward } = passesOf(subgraph, results);
  const twice = madeTwice(needed, forward);
  const { graph: rest, moved, move: early } = rebuild(graph);
  const again = new Map<Value, Value>();
  const late = (value: Value): Value => again.get(value) ?? early(value);
  const make = (node: Node, from: (value: Value) => Value, into: Map<Value, Value>) => {
    const made = rest.apply(node.operator, node.inputs.map(from));
    for (const [i, output] of node.outputs.entries()) into.set(output, made[i]!);
  };
  for (const node of byDepth(needed)) {
    make(node, forward.has(node) ? early : late, moved);
    if (twice.has(node)) make(node, late, again);
  }
  return {
    graph: rest,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, early(value)])),
  };
};

/** Nodes of the forward pass that the backward pass repeats: those that it takes something of, and in turn those that these do. */
const madeTwice = (needed: readonly Node[], forward: ReadonlySet<Node>): ReadonlySet<Node> => {
  const twice = new Set<Node>();
  for (const node of needed.toReversed()) {
    if (forward.has(node) && !twice.has(node)) continue;
    for (const { source } of node.inputs)
      if (source.kind === "node" && source.node.operator.remade && forward.has(source.node)) twice.add(source.node);
  }
  return twice;
};

/** Nodes by the length of the longest way to them, those of the same length as they were. */
const byDepth = (nodes: readonly Node[]): readonly Node[] => {
  const depths = new Map<Node, number>();
  for (const node of nodes) {
    let depth = 0;
    for (const { source } of node.inputs) if (source.kind === "node") depth = Math.max(depth, depths.get(source.node)!);
    depths.set(node, depth + 1);
  }
  return nodes.toSorted((a, b) => depths.get(a)! - depths.get(b)!);
};
