import type { Device } from "#shared/engine/device.js";
import type { Dim, Graph, Node, Value, ValueType } from "#shared/engine/graph.js";
import type { DType } from "#shared/engine/tensor.js";
import { mapValues } from "./objective.js";
import type { Shapes } from "./stepping.js";
import { compileGradients } from "./train-programs.js";
import type { TrainStepOptions } from "./train-step.js";

/** Bytes that a training step holds on a device that computes in host memory. */
export interface StepMemory {
  /** Parameters that are not trained. */
  readonly frozen: number;
  /** Parameters that are. */
  readonly trained: number;
  /** AdamW's two moments. */
  readonly moments: number;
  readonly gradients: number;
  /** A further micro-batch's gradients, before they are added. */
  readonly gradientSums: number;
  /** Intermediate results that are alive at once when most are: those kept for the backward pass, and passing ones. */
  readonly activations: number;
}

export interface PlanOptions extends Omit<TrainStepOptions, "device" | "params"> {
  readonly params: Shapes;
  /** Rows of one part at most, where an operator splits its input into parts whose sizes are only known at run time. */
  readonly mostRows: number;
}

const BYTES: Readonly<Record<DType, number>> = { float32: 4, int64: 8, bool: 1 };

/**
 * The memory of a training step, from the very graph that it is compiled from. Every expert's rows are counted as in the worst
 * routing, and the program's memory for intermediate results as kept between its runs.
 */
export const planStep = async ({ mostRows, params: shapes, ...options }: PlanOptions): Promise<StepMemory> => {
  let program: { graph: Graph; outputs: readonly Value[] } | undefined;
  const device: Device = {
    name: "plan",
    hostMemory: true,
    async compile(graph, outputs) {
      program = { graph, outputs: Object.values(outputs) };
      return { run: () => Promise.reject(new TypeError("a plan does not run")), dispose: async () => undefined };
    },
    upload: () => Promise.reject(new TypeError("a plan holds no tensors")),
  };
  // A graph is built from the parameters' shapes and never looks at their elements.
  const params = mapValues(shapes, (shape) => ({ dtype: "float32" as const, shape, data: new Float32Array() }));
  await compileGradients({ ...options, params, device });

  const floats = (keep: (name: string) => boolean) =>
    Object.entries(shapes).reduce(
      (sum, [name, shape]) => sum + (keep(name) ? BYTES.float32 * shape.reduce((size, dim) => size * dim, 1) : 0),
      0,
    );
  const names = new Set(options.trainable);
  const trained = floats((name) => names.has(name));
  const { graph, outputs } = program!;
  return {
    frozen: floats((name) => !names.has(name)),
    trained,
    moments: 2 * trained,
    gradients: trained,
    gradientSums: (options.accumulation ?? 1) > 1 ? trained : 0,
    activations: peakOf(graph, outputs, mostRows),
  };
};

/** The most bytes of intermediate results that are alive at once when nodes run in order and each frees what nobody needs any more. */
const peakOf = (graph: Graph, outputs: readonly Value[], mostRows: number): number => {
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
      // An output of the program is written into a buffer that exists already, and a reshaped tensor is the same bytes.
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

/** Sizes that are only known at run time: the first parts of a split get as many rows as they may, the last ones none. */
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
