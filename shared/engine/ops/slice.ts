import { formatShape, type Operator, shapeError, type Value } from "../graph.js";
import { normaliseAxis } from "./axes.js";

export interface SliceRange {
  readonly axis: number;
  /** First index, from 0. */
  readonly start: number;
  /** One after the last index. */
  readonly end: number;
}

const cut = (axis: number, start: number, end: number): Operator<readonly [Value], readonly [Value]> => ({
  name: "Slice",
  infer: ([x]) => {
    const size = x.shape[axis];
    if (typeof size !== "number" || start < 0 || end > size || start >= end) {
      throw shapeError("Slice", `${start}…${end} is no range of axis ${axis} of ${formatShape(x.shape)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape.with(axis, end - start) }];
  },
  lower: ({ inputs: [x], outputs }, emit) =>
    emit.node("Slice", [x, emit.ints([start]), emit.ints([end]), emit.ints([axis])], outputs),
  remade: true,
  gradient: ({ inputs: [x] }, [g]) => [g && pad(g, { axis, before: start, after: Number(x.shape[axis]) - end })],
});

export interface Padding {
  readonly axis: number;
  /** Elements before and after what is there. */
  readonly before: number;
  readonly after: number;
  /** What they are; 0 by default. */
  readonly value?: number;
}

const padding = ({ axis, before, after, value = 0 }: Padding): Operator<readonly [Value], readonly [Value]> => ({
  name: "Pad",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape.with(axis, before + Number(x.shape[axis]) + after) }],
  lower: ({ inputs: [x], outputs }, emit) =>
    emit.node(
      "Pad",
      [x, emit.ints([before, after]), value === 0 ? "" : emit.floats([value], []), emit.ints([axis])],
      outputs,
    ),
  remade: true,
  gradient: ({ inputs: [x] }, [g]) => [g && slice(g, { axis, start: before, end: before + Number(x.shape[axis]) })],
});

/** More elements before and after x along one axis. */
export const pad = (x: Value, given: Padding): Value => {
  if (given.before === 0 && given.after === 0) return x;
  return x.graph.apply(padding({ ...given, axis: normaliseAxis("Pad", given.axis, x.shape) }), [x])[0];
};

/** The indices start ≤ i < end of one axis. */
export const slice = (x: Value, { axis, start, end }: SliceRange): Value => {
  const y = x.graph.apply(cut(normaliseAxis("Slice", axis, x.shape), start, end), [x])[0];
  return end - start === x.shape.at(axis) ? x : y;
};
