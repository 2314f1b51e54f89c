import type { Dim, Graph, Node, Value, ValueType } from "#shared/engine/graph.js";
import type { DType } from "#shared/engine/tensor.js";

/** Bytes per element. */
export const BYTES: Readonly<Record<DType, number>> = { float32: 4, int64: 8, bool: 1 };

/**
 * Greatest number of bytes of intermediate results that are alive at once, if nodes run in order and each frees what no later node needs.
 * @param mostRows as in `PlanOptions`
 */
export const peakOf = (graph: Graph, outputs: readonly Value[], mostRows: number): number => {
  const nodes = neededNodes(graph, outputs);
  const rows = rowsOf(nodes, mostRows);
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

const bytesOf = ({ dtype, shape }: ValueType, rows: ReadonlyMap<Dim, number>): number =>
  shape.reduce<number>((size, dim) => size * (typeof dim === "number" ? dim : (rows.get(dim) ?? 0)), BYTES[dtype]);

const neededNodes = ({ nodes }: Graph, outputs: readonly Value[]): readonly Node[] => {
  const needed = new Set(outputs);
  const kept = nodes.toReversed().filter(({ inputs, outputs: made }) => {
    const isNeeded = made.some((output) => needed.has(output));
    if (isNeeded) for (const input of inputs) needed.add(input);
    return isNeeded;
  });
  return kept.reverse();
};

const storageOf = (value: Value): Value =>
  value.source.kind === "node" && value.source.node.operator.name === "Reshape"
    ? storageOf(value.source.node.inputs[0]!)
    : value;

/** Sizes that are only known at run time: the first parts of a split get as many rows as allowed, the last ones none. */
const rowsOf = (nodes: readonly Node[], mostRows: number): ReadonlyMap<Dim, number> => {
  const rows = new Map<Dim, number>();
  for (const { inputs, outputs } of nodes) {
    let left = Number(inputs[0]?.shape[0]);
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
