import { formatShape, type Shape, shapeError } from "../graph.js";

/** An axis counted from the front. A negative one counts from the back. Throws GRAPH_SHAPE if there is no such axis. */
export const normaliseAxis = (operator: string, axis: number, shape: Shape): number => {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (Number.isInteger(positive) && positive >= 0 && positive < shape.length) return positive;
  throw shapeError(operator, `axis ${axis} is not one of ${formatShape(shape)}`);
};

/** Distinct axes in ascending order. */
export const normaliseAxes = (operator: string, axes: readonly number[], shape: Shape): readonly number[] => {
  const normal = [...new Set(axes.map((axis) => normaliseAxis(operator, axis, shape)))].sort((a, b) => a - b);
  if (normal.length !== axes.length) throw shapeError(operator, `axes [${axes}] of ${formatShape(shape)} repeat`);
  return normal;
};
