import { formatShape, type Operator, type Shape, shapeError, type Value } from "../graph.js";
import { float, int } from "../onnx/emitter.js";
import { broadcast, expectFloat } from "./elementwise.js";
import { reshape } from "./reshape.js";
import { sumTo } from "./sum-to.js";

export interface MatmulOptions {
  /** Use the transpose of a's last two axes. */
  readonly transA?: boolean;
  /** Use the transpose of b's last two axes. */
  readonly transB?: boolean;
  /** Factor of the product; 1 by default. */
  readonly alpha?: number;
}

const operator = (
  transA: boolean,
  transB: boolean,
  alpha: number,
): Operator<readonly [Value, Value], readonly [Value]> => ({
  name: "MatMul",
  infer: ([a, b]) => {
    expectFloat("MatMul", a);
    expectFloat("MatMul", b);
    const [m, k1] = matrix(a.shape, transA);
    const [k2, n] = matrix(b.shape, transB);
    if (m === undefined || n === undefined || k1 !== k2) {
      const say = (shape: Shape, transposed: boolean) => formatShape(shape) + (transposed ? "ᵀ" : "");
      throw shapeError("MatMul", `${say(a.shape, transA)} · ${say(b.shape, transB)} has no product`);
    }
    const batch = broadcast("MatMul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: "float32", shape: [...batch, m, n] }];
  },
  lower: (node, emit) =>
    emit.node("FusedMatMul", node.inputs, node.outputs, {
      domain: "com.microsoft",
      // Default attributes are left out: a large model has tens of thousands of products.
      attributes: {
        ...(transA && { transA: int(1) }),
        ...(transB && { transB: int(1) }),
        ...(alpha !== 1 && { alpha: float(alpha) }),
      },
    }),
  gradient: ({ inputs: [a, b] }, [g], needs) => {
    if (!g) return [undefined, undefined];
    const byA = () =>
      transA ? matmul(b, g, { transA: transB, transB: true, alpha }) : matmul(g, b, { transB: !transB, alpha });
    const byB = () => {
      // One long product instead of a batch of short ones and a sum.
      const flat = b.shape.length === 2 && a.shape.length > 2 && !transA;
      const [left, right] = flat ? [rows(a), rows(g)] : [a, g];
      return transB
        ? matmul(right, left, { transA: true, transB: transA, alpha })
        : matmul(left, right, { transA: !transA, alpha });
    };
    return [needs[0] ? sumTo(byA(), a.shape) : undefined, needs[1] ? sumTo(byB(), b.shape) : undefined];
  },
});

const matrix = (shape: Shape, transposed: boolean) => {
  if (shape.length < 2) return [];
  const [rowCount, columns] = shape.slice(-2);
  return transposed ? [columns, rowCount] : [rowCount, columns];
};

const rows = (x: Value): Value => reshape(x, [-1, x.shape.at(-1)!]);

/**
 * alpha · a · b over the last two axes: [..., m, k] · [..., k, n] → [..., m, n]. Leading axes broadcast, so a 2-D b can be used for a whole
 * batch. The flags replace a transpose, in the forward and the backward pass.
 */
export const matmul = (a: Value, b: Value, { transA = false, transB = false, alpha = 1 }: MatmulOptions = {}): Value =>
  a.graph.apply(operator(transA, transB, alpha), [a, b])[0];
