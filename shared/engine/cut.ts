import type { Graph, Value } from "./graph.js";
import { neededNodes } from "./needed-nodes.js";
import { rebuild } from "./rebuild.js";

/** Some outputs of a graph, to be compiled. */
export interface Subgraph {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
}

/** A graph in two parts that run one after the other. */
export interface Cut {
  /** Everything that depends on no varying input. Its outputs are inputs of the same names in the other part. */
  readonly fixed: Subgraph;
  /** The rest. It has the graph's inputs and outputs. */
  readonly varying: Subgraph;
}

/**
 * Cuts a graph at the first uses of some inputs. Runs that differ only in these inputs then share the part before the cut. Both parts
 * together apply the same operators to the same values as the graph, so they give the same bits.
 *
 * @param varying names of inputs
 */
export const cutGraph = ({ graph, outputs }: Subgraph, varying: ReadonlySet<string>): Cut => {
  const varies = new Set(graph.inputs.filter(({ name }) => varying.has(name)));
  const crossing: Record<string, Value> = {};
  const {
    graph: rest,
    moved,
    move,
  } = rebuild(graph, (value, into) => {
    const name = `cut/${value.name}`;
    crossing[name] = value;
    return into.input(name, value.shape, value.dtype);
  });

  for (const node of neededNodes(graph, Object.values(outputs))) {
    if (!node.inputs.some((input) => varies.has(input))) continue;
    const made = rest.apply(node.operator, node.inputs.map(move));
    for (const [i, output] of node.outputs.entries()) {
      varies.add(output);
      moved.set(output, made[i]!);
    }
  }
  const named = Object.entries(outputs).map(([name, value]) => [name, move(value)] as const);
  return { fixed: { graph, outputs: crossing }, varying: { graph: rest, outputs: Object.fromEntries(named) } };
};
