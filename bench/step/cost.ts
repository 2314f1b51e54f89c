import type { Dim, Graph, Shape, Value } from "#shared/engine/graph.js";

/**
 * Floating-point operations of a graph's matrix products, two a multiply-add.
 * @param dynamic what a size that is only known at run time is on average
 */
export const matmulFlops = ({ nodes }: Graph, dynamic: number): number => {
  const sizeOf = (dim: Dim | undefined) => (typeof dim === "number" ? dim : dynamic);
  const elements = (shape: Shape) => shape.reduce<number>((size, dim) => size * sizeOf(dim), 1);
  const flops = (a: Value, y: Value) => {
    const isTransposed = a.shape.at(-2) !== y.shape.at(-2);
    return 2 * elements(y.shape) * sizeOf(a.shape.at(isTransposed ? -2 : -1));
  };
  return nodes
    .filter(({ operator }) => operator.name === "MatMul")
    .reduce((total, { inputs, outputs }) => total + flops(inputs[0]!, outputs[0]!), 0);
};
