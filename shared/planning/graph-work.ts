import type { Subgraph } from "#shared/engine/cut.js";
import type { Dim, Node, Shape, Value } from "#shared/engine/graph.js";
import { neededNodes } from "#shared/engine/needed-nodes.js";
import { BYTES } from "#shared/engine/tensor.js";

/** A matrix product, and how often it is made. */
export interface Product {
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Whether the last two axes of each are taken the other way. */
  readonly transA: boolean;
  readonly transB: boolean;
  readonly times: number;
}

/** What running some graphs takes a device. */
export interface Work {
  readonly products: readonly Product[];
  /** Operators that are no products. */
  readonly others: readonly Others[];
}

/** What running some graphs takes, and what one run of each would. */
export interface GraphsWork extends Work {
  /** Floating-point operations of the products of one run of each. */
  readonly lapFlops: number;
}

/** Operators that touch about as many bytes each, to a factor of two: how many run, and the bytes that they read and write in all. */
export interface Others {
  readonly count: number;
  readonly bytes: number;
}

/** A graph, and how often it runs. */
export interface CountedGraph extends Subgraph {
  readonly runs: number;
}

/** Operators that read of their input only what they give, and some that read nothing. */
const PICKS: ReadonlySet<string> = new Set(["Gather", "Slice"]);
const WRITES_ALONE: ReadonlySet<string> = new Set(["Zeros", "ZerosLike"]);

/**
 * Counts what graphs compute.
 *
 * @param rows what a size that is only known at run time is on average: the rows of an expert
 */
export const workOf = (graphs: readonly CountedGraph[], rows: number): GraphsWork => {
  const products = new Map<string, Product>();
  const others = new Map<number, Others>();
  let lapFlops = 0;
  const sizeOf = (dim: Dim) => (typeof dim === "number" ? dim : rows);
  const sizes = (shape: Shape) => shape.map(sizeOf);
  const bytesOf = (values: readonly Value[]) =>
    values.reduce(
      (sum, { shape, dtype }) => sum + shape.reduce<number>((size, dim) => size * sizeOf(dim), BYTES[dtype]),
      0,
    );
  const touchedBy = ({ operator: { name }, inputs, outputs: made }: Node) =>
    WRITES_ALONE.has(name) ? bytesOf(made) : PICKS.has(name) ? 2 * bytesOf(made) : bytesOf(inputs) + bytesOf(made);
  for (const { graph, outputs, runs } of graphs)
    for (const node of neededNodes(graph, Object.values(outputs))) {
      const [a, b] = node.inputs;
      const [y] = node.outputs;
      if (node.operator.name !== "MatMul") {
        if (node.operator.shares) continue;
        const bytes = touchedBy(node);
        const size = Math.ceil(Math.log2(Math.max(1, bytes)));
        const known = others.get(size);
        others.set(size, { count: (known?.count ?? 0) + runs, bytes: (known?.bytes ?? 0) + runs * bytes });
        continue;
      }
      const product = {
        a: sizes(a!.shape),
        b: sizes(b!.shape),
        transA: a!.shape.at(-2) !== y!.shape.at(-2),
        transB: b!.shape.at(-1) !== y!.shape.at(-1),
      };
      lapFlops += flopsOf(product);
      const key = JSON.stringify(product);
      products.set(key, { ...product, times: (products.get(key)?.times ?? 0) + runs });
    }
  return { products: [...products.values()], others: [...others.values()], lapFlops };
};

/** Operations of a product, two a multiply-add. */
export const flopsOf = ({ a, b, transA, transB }: Omit<Product, "times">): number => {
  const [m, k] = transA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const n = transB ? b.at(-2)! : b.at(-1)!;
  const batch = (shape: readonly number[]) => shape.slice(0, -2).reduce((product, size) => product * size, 1);
  return 2 * Math.max(batch(a), batch(b)) * m * k * n;
};
