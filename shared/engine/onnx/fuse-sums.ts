import { type Shape, sameShape } from "../graph.js";
import type { OnnxNode } from "./lower.js";

/**
 * Joins a matrix product and the addition that alone uses it to one `Gemm`, α·A·B + C: a residual connection, or the
 * gradients of a tensor that several products read, cost no node and no pass over memory of their own.
 * @param shapes of the tensors that are values of the graph, by name
 * @param kept   tensors that somebody outside reads
 */
export const fuseSums = (
  nodes: readonly OnnxNode[],
  shapes: ReadonlyMap<string, Shape>,
  kept: ReadonlySet<string>,
): readonly OnnxNode[] => {
  const uses = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const products = new Map<string, OnnxNode>();
  const joined = new Set<OnnxNode>();

  const sums = nodes.map((node) => {
    if (isProduct(node, shapes)) products.set(node.outputs[0]!, node);
    if (node.type !== "Add") return node;
    const [a, b] = node.inputs as readonly [string, string];
    const [left, right] = [shapes.get(a), shapes.get(b)];
    if (!left || !right || !sameShape(left, right)) return node;
    const alone = (name: string) => (uses.get(name) === 1 && !kept.has(name) ? products.get(name) : undefined);
    const product = alone(b) ?? alone(a);
    if (!product) return node;
    joined.add(product);
    const addend = product.outputs[0] === b ? a : b;
    return { ...product, type: "Gemm", domain: "", inputs: [...product.inputs, addend], outputs: node.outputs };
  });
  return sums.filter((_, i) => !joined.has(nodes[i]!));
};

/** A product of two matrices that nothing is added to yet. */
const isProduct = ({ type, inputs }: OnnxNode, shapes: ReadonlyMap<string, Shape>): boolean =>
  (type === "FusedMatMul" || type === "Gemm") &&
  inputs.length === 2 &&
  inputs.every((name) => shapes.get(name)?.length === 2);
