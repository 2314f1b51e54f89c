import { formatTypes, type Operator, shapeError, type Value } from "../graph.js";

const operator = (depth: number): Operator<readonly [Value], readonly [Value]> => ({
  name: "OneHot",
  infer: ([indices]) => {
    if (indices.dtype !== "int64") throw shapeError("OneHot", `needs int64 indices, got ${formatTypes([indices])}`);
    return [{ dtype: "float32", shape: [...indices.shape, depth] }];
  },
  lower: ({ inputs: [indices], outputs }, emit) =>
    emit.node("OneHot", [indices, emit.ints([depth], []), emit.floats([0, 1])], outputs),
});

/** int64 indices [...] → float32 [..., depth], 1 at the index and 0 elsewhere. */
export const oneHot = (indices: Value, depth: number): Value => indices.graph.apply(operator(depth), [indices])[0];
