import { type Dim, formatShape, type Operator, type Shape, sameShape, shapeError, type Value } from "../graph.js";
import { EXPAND } from "./elementwise.js";
import { expand } from "./expand.js";

const RESHAPE = "Reshape";

const to = (target: Shape): Operator<readonly [Value], readonly [Value]> => ({
  name: RESHAPE,
  infer: ([x]) => [{ dtype: x.dtype, shape: resolve(x.shape, target) }],
  lower: ({ inputs: [x], outputs }, emit) => {
    const [{ shape }] = outputs;
    emit.node(RESHAPE, [x, emit.ints(shape.map((dim) => (typeof dim === "number" ? dim : -1)))], outputs);
  },
  shares: () => [0],
  remade: true,
  gradient: ({ inputs: [x] }, [g]) => [g && reshape(g, x.shape)],
});

/** The same elements in another shape. One dimension may be −1 and is inferred. */
export const reshape = (x: Value, shape: Shape): Value => {
  const target = resolve(x.shape, shape);
  if (sameShape(x.shape, target)) return x;
  if (x.source.kind === "node") {
    const [origin] = x.source.node.inputs;
    if (x.source.node.operator.name === RESHAPE) return reshape(origin!, target);
    if (x.source.node.operator.name === EXPAND && origin!.shape.length === 0 && isStatic(target)) {
      return expand(origin!, target);
    }
  }
  return x.graph.apply(to(target), [x])[0];
};

const isStatic = (shape: Shape): shape is readonly number[] => shape.every((dim) => typeof dim === "number");

/** Replaces −1. Sizes that are only known at run time must be the same on both sides, at most one of them. */
const resolve = (from: Shape, target: Shape): Shape => {
  const holes = target.filter((dim) => dim === -1).length;
  const named = (shape: Shape) => shape.filter((dim) => typeof dim === "string");
  const fixed = (shape: Shape) =>
    shape.reduce<number>((size, dim) => (typeof dim === "number" && dim !== -1 ? size * dim : size), 1);
  const fail = () => shapeError(RESHAPE, `${formatShape(from)} does not fit ${formatShape(target)}`);
  if (holes > 1 || named(from).length > 1 || named(target).length > 1) throw fail();

  let hole: Dim = -1;
  if (named(from).length > named(target).length) hole = named(from)[0]!;
  else if (named(from)[0] !== named(target)[0]) throw fail();
  else if (holes === 1) hole = fixed(from) / fixed(target);

  if (typeof hole === "string" && holes === 0) throw fail();
  if (typeof hole === "string" || holes === 0 ? fixed(from) !== fixed(target) : !Number.isInteger(hole)) throw fail();
  return target.map((dim) => (dim === -1 ? hole : dim));
};
