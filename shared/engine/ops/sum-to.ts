import { type Shape, sameShape, type Value } from "../graph.js";
import { reduceSum } from "./reduce.js";
import { reshape } from "./reshape.js";

/** Undoes broadcasting: sums x over the axes along which `shape` was repeated, so that the result has that shape. */
export const sumTo = (x: Value, shape: Shape): Value => {
  if (sameShape(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const repeated = x.shape.flatMap((dim, axis) =>
    axis < added || (shape[axis - added] === 1 && dim !== 1) ? [axis] : [],
  );
  const leadingOnly = repeated.length === added;
  const sum = reduceSum(x, repeated, { keepdims: !leadingOnly });
  return leadingOnly ? sum : reshape(sum, shape);
};
