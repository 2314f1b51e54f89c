import { type Dim, formatShape, type Operator, type Shape, sameShape, shapeError, type Value } from "../graph.js";
import type { NodeOptions } from "../onnx/emitter.js";

/**
 * An operator from one float tensor to one of the same shape, element by element.
 * @param gradient loss gradient by x, from that by y (`g`), x and y
 */
export const unary = (
  name: string,
  gradient: (g: Value, x: Value, y: Value) => Value,
  options: NodeOptions = {},
): ((x: Value) => Value) => {
  const operator: Operator<readonly [Value], readonly [Value]> = {
    name,
    infer: ([x]) => [{ dtype: expectFloat(name, x).dtype, shape: x.shape }],
    lower: (node, emit) => emit.node(name, node.inputs, node.outputs, options),
    remade: true,
    gradient: ({ inputs: [x], outputs: [y] }, [g]) => [g && gradient(g, x, y)],
  };
  return (x) => x.graph.apply(operator, [x])[0];
};

/** An operator on two tensors of one type under NumPy's broadcasting rules. Its gradient rule need not undo the broadcast. */
export const binary = (
  name: string,
  gradient: (
    g: Value,
    a: Value,
    b: Value,
    y: Value,
    needs: readonly [boolean, boolean],
  ) => readonly [Value | undefined, Value | undefined],
  traits: Pick<Operator, "remade"> = {},
): ((a: Value, b: Value) => Value) => {
  const operator: Operator<readonly [Value, Value], readonly [Value]> = {
    name,
    infer: ([a, b]) => {
      if (a.dtype !== b.dtype) throw shapeError(name, `cannot combine ${a.dtype} with ${b.dtype}`);
      return [{ dtype: a.dtype, shape: broadcast(name, a.shape, b.shape) }];
    },
    lower: (node, emit) => emit.node(name, node.inputs, node.outputs),
    ...traits,
    gradient: ({ inputs: [a, b], outputs: [y] }, [g], needs) => {
      if (!g) return [undefined, undefined];
      const [ga, gb] = gradient(g, a, b, y, needs);
      return [ga, gb];
    },
  };
  return (a, b) => {
    const shape = broadcast(name, a.shape, b.shape);
    const left = peelExpand(a, b, shape);
    return a.graph.apply(operator, [left, peelExpand(b, left, shape)])[0];
  };
};

/** Name of the operator that repeats elements. A consumer that broadcasts anyway can use that operator's input. */
export const EXPAND = "Expand";

const peelExpand = (x: Value, other: Value, result: Shape): Value => {
  if (x.source.kind !== "node" || x.source.node.operator.name !== EXPAND) return x;
  const original = x.source.node.inputs[0]!;
  return sameShape(broadcast(EXPAND, original.shape, other.shape), result) ? original : x;
};

/** The shape that two operands broadcast to. Throws GRAPH_SHAPE, with `operator` as the name. */
export const broadcast = (operator: string, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis): Dim => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw shapeError(operator, `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
  });
};

export const expectFloat = (operator: string, x: Value): Value => {
  if (x.dtype !== "float32") throw shapeError(operator, `needs float32, got ${x.dtype}${formatShape(x.shape)}`);
  return x;
};
