import type { Subgraph } from "#shared/engine/cut.js";
import type { Dim, Graph, Node, Value, ValueType } from "#shared/engine/graph.js";
import { neededNodes } from "#shared/engine/needed-nodes.js";
import { BYTES } from "#shared/engine/tensor.js";

/** What ONNX Runtime's arena leaves unused between intermediate results, as a share of these. Measured. */
export const ARENA_SHARE = 0.3;

/**
 * Greatest number of bytes of intermediate results that are alive at once, if nodes run in ONNX Runtime's order and each frees what no later
 * node needs.
 * @param mostRows as in `PlanOptions`
 * @param known    sizes of its inputs that are only known at run time
 */
export const peakOf = (graph: Graph, outputs: readonly Value[], mostRows: number, known: Sizes = new Map()): number => {
  const nodes = runOrder(neededNodes(graph, outputs));
  const rows = rowsOf(nodes, mostRows, known);
  const given = new Set(outputs);

  const lastUse = new Map<Value, number>();
  for (const [i, node] of nodes.entries()) for (const input of node.inputs) lastUse.set(storageOf(input), i);
  const ending = new Map<number, Value[]>();
  for (const [value, i] of lastUse) ending.set(i, [...(ending.get(i) ?? []), value]);

  let alive = 0;
  let peak = 0;
  const held = new Map<Value, number>();
  for (const [i, node] of nodes.entries()) {
    for (const output of node.outputs) {
      // An output of the program is written into an existing buffer, and a reshaped tensor has the same bytes.
      if (given.has(output) || storageOf(output) !== output || !lastUse.has(output)) continue;
      held.set(output, bytesOf(output, rows));
      alive += held.get(output)!;
    }
    peak = Math.max(peak, alive);
    for (const value of ending.get(i) ?? []) alive -= held.get(value) ?? 0;
  }
  return peak;
};

/** Sizes that are only known at run time, at their most. */
export type Sizes = ReadonlyMap<Dim, number>;

/** Those of a graph. @param mostRows as in `PlanOptions` */
export const sizesOf = (graph: Graph, outputs: readonly Value[], mostRows: number): Sizes =>
  rowsOf(runOrder(neededNodes(graph, outputs)), mostRows, new Map());

export const bytesOf = ({ dtype, shape }: ValueType, rows: Sizes): number =>
  shape.reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : (rows.get(dim) ?? 0)), BYTES[dtype]);

/** Bytes of some values of a graph, of those that share memory once. */
export const storedBytes = ({ graph, outputs }: Subgraph, values: Iterable<Value>): number => {
  // Sizes do not depend on the order, which takes longer to find than all else here.
  const rows = rowsOf(neededNodes(graph, Object.values(outputs)), Number.POSITIVE_INFINITY, new Map());
  let bytes = 0;
  for (const value of new Set(Array.from(values, storageOf))) bytes += bytesOf(value, rows);
  return bytes;
};

/**
 * The order in which ONNX Runtime runs nodes: from the last node that no other needs on, each after what it needs, of that the latest first
 * (`GraphViewer` of 1.30, depth first).
 */
const runOrder = (nodes: readonly Node[]): readonly Node[] => {
  const places = new Map(nodes.map((node, place) => [node, place]));
  const makersOf = ({ inputs }: Node): readonly number[] => {
    const makers = inputs.flatMap(({ source }) => (source.kind === "node" ? [places.get(source.node)!] : []));
    return [...new Set(makers)].sort((a, b) => a - b);
  };
  const makers = nodes.map(makersOf);
  const isNeeded = new Set(makers.flat());
  const stack = nodes.flatMap((_, place) => (isNeeded.has(place) ? [] : [{ place, isDone: false }]));
  const visited = new Set<number>();
  const order: Node[] = [];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { place, isDone } = top;
    if (isDone) order.push(nodes[place]!);
    if (isDone || visited.has(place)) continue;
    visited.add(place);
    stack.push({ place, isDone: true });
    for (const maker of makers[place]!) if (!visited.has(maker)) stack.push({ place: maker, isDone: false });
  }
  return order;
};

const storageOf = (value: Value): Value => {
  if (value.source.kind !== "node") return value;
  const { node } = value.source;
  const shared = node.operator.shares?.(node)[node.outputs.indexOf(value)];
  return shared === undefined ? value : storageOf(node.inputs[shared]!);
};

/** The first parts of a split get as many rows as allowed, the last ones none. */
const rowsOf = (nodes: readonly Node[], mostRows: number, known: Sizes): Sizes => {
  const rows = new Map(known);
  for (const { inputs, outputs } of nodes) {
    const whole = inputs[0]?.shape[0] ?? 0;
    let left = typeof whole === "number" ? whole : (rows.get(whole) ?? mostRows);
    for (const { shape } of outputs) {
      const [dim] = shape;
      if (typeof dim !== "string" || rows.has(dim)) continue;
      const part = Math.min(left, mostRows);
      rows.set(dim, part);
      left -= part;
    }
  }
  return rows;
};
