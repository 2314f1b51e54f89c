import { formatTypes, type Operator, shapeError, staticShape, type Value, type Values } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { dataType } from "../onnx/fields.js";
import { reduceSum } from "./reduce.js";
import { reshape } from "./reshape.js";
import { zerosLike } from "./zeros.js";

export interface Dispatch {
  /** The tokens of the first expert, in their order, then those of the second, and so on: [n · k, d]. */
  readonly sorted: Value;
  /** Number of (token, choice) pairs per expert: int64 [experts]. */
  readonly counts: Value;
  /** Concatenates the experts' results for their rows: [n · k, e]. Later operators then need one node for all experts. */
  join(ys: Values): Value;
  /** One value per expert: its rows of a joined or sorted value, [tokens of the expert, e]. The inverse of `join`. */
  split(joined: Value): Values;
  /** Joined rows [n · k, e] in the order of the tokens and their choices: [n, k, e]. */
  combine(joined: Value): Value;
}

/** order[i]: the (token, choice) pair at sorted place i; token[i]: its token; place[p]: the sorted place of pair p. */
type Routing = readonly [order: Value, token: Value, place: Value, counts: Value];

const routeTo = (experts: number): Operator<readonly [Value], Routing> => ({
  name: "Route",
  infer: ([indices]) => {
    if (indices.dtype !== "int64" || indices.shape.length !== 2) {
      throw shapeError("Route", `needs int64 indices [tokens, choices], got ${formatTypes([indices])}`);
    }
    const [tokens, choices] = staticShape(indices.shape, "Route");
    const pairs = { dtype: "int64", shape: [tokens! * choices!] } as const;
    return [pairs, pairs, pairs, { dtype: "int64", shape: [experts] }];
  },
  lower: ({ inputs: [indices], outputs: [order, token, place, counts] }, emit) => {
    const [tokens, choices] = staticShape(indices.shape, "Route");
    const pairs = tokens! * choices!;
    const each = emit.ints(Array.from({ length: pairs }, (_, pair) => pair));
    const expert = emit.local("Reshape", [indices, emit.ints([pairs])]);

    // Sorting by expert · pairs + pair is a stable sort by expert.
    const key = emit.local("Add", [emit.local("Mul", [expert, emit.ints([pairs], [])]), each]);
    const attributes = { axis: int(0), largest: int(0), sorted: int(1) };
    emit.node("TopK", [key, emit.ints([pairs])], [emit.temporary(), order], { attributes });
    emit.node("Div", [order, emit.ints([choices!], [])], [token]);
    emit.node("ScatterElements", [each, order, each], [place], { attributes: { axis: int(0) } });

    const ids = emit.ints(
      Array.from({ length: experts }, (_, id) => id),
      [experts, 1],
    );
    const chosen = emit.local("Equal", [emit.local("Unsqueeze", [expert, emit.ints([0])]), ids]);
    const ones = emit.local("Cast", [chosen], { attributes: { to: int(dataType.int64) } });
    emit.node("ReduceSum", [ones, emit.ints([1])], [counts], { attributes: { keepdims: int(0) } });
  },
});

/** Rows of x in sorted order, one per pair. Its gradient needs no scatter: once unsorted, the pairs of a token are k neighbours. */
const sortRows: Operator<readonly [x: Value, ...Routing], readonly [Value]> = {
  name: "SortRows",
  infer: ([x, , token]) => [{ dtype: x.dtype, shape: [token.shape[0]!, x.shape[1]!] }],
  lower: ({ inputs: [x, , token], outputs }, emit) => emit.node("Gather", [x, token], outputs),
  remade: true,
  gradient: ({ inputs: [x, ...routing] }, [g]) => {
    const rest = [undefined, undefined, undefined, undefined] as const;
    if (!g) return [undefined, ...rest];
    const [tokens, width] = x.shape;
    const pairs = reshape(unsort(g, routing), [tokens!, -1, width!]);
    return [reduceSum(pairs, [1]), ...rest];
  },
};

/** A permutation of rows. The gradient is the inverse permutation. */
const permuteRows: Operator<readonly [x: Value, by: Value, back: Value], readonly [Value]> = {
  name: "PermuteRows",
  infer: ([x]) => [x],
  lower: ({ inputs: [x, by], outputs }, emit) => emit.node("Gather", [x, by], outputs),
  remade: true,
  gradient: ({ inputs: [x, by, back] }, [g]) => [
    g && x.graph.apply(permuteRows, [g, back, by])[0],
    undefined,
    undefined,
  ],
};

const unsort = (x: Value, [order, , place]: Routing): Value => x.graph.apply(permuteRows, [x, place, order])[0];

const splitByCounts = (sizes: readonly string[]): Operator<readonly [x: Value, counts: Value], Values> => ({
  name: "SplitByCounts",
  infer: ([x]) => sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(0, size) })),
  lower: (node, emit) => emit.node("Split", node.inputs, node.outputs, { attributes: { axis: int(0) } }),
  remade: true,
  gradient: ({ inputs: [x, counts], outputs }, gradients) => {
    const parts = outputs.map((y, i) => gradients[i] ?? zerosLike(y));
    return [x.graph.apply(joinRows(x.shape[0] as number), [counts, ...parts])[0], undefined];
  },
});

const joinRows = (total: number): Operator<readonly [counts: Value, ...Values], readonly [Value]> => ({
  name: "JoinRows",
  infer: ([, ...parts]) => {
    const [first] = parts;
    const width = first?.shape[1];
    if (!first || parts.some((part) => part.shape.length !== 2 || part.shape[1] !== width)) {
      throw shapeError("JoinRows", `experts' outputs differ in width: ${formatTypes(parts)}`);
    }
    return [{ dtype: first.dtype, shape: first.shape.with(0, total) }];
  },
  lower: ({ inputs: [, ...parts], outputs }, emit) =>
    emit.node("Concat", parts, outputs, { attributes: { axis: int(0) } }),
  gradient: ({ inputs: [counts, ...parts] }, [g]) => {
    if (!g) return [undefined, ...parts.map(() => undefined)];
    const sizes = parts.map((part) => String(part.shape[0]));
    return [undefined, ...g.graph.apply(splitByCounts(sizes), [g, counts])];
  },
});

/**
 * Sends every token to its experts without padding: sorts (token, choice) pairs by expert, gathers, splits by counts, and reverses these
 * steps. No scatter, no capacity, no dropped token. An expert without tokens gets zero rows.
 *
 * @param x          tokens [n, d]
 * @param topIndices expert of each choice, int64 [n, k], all in 0 … experts − 1
 */
export const dispatch = (x: Value, topIndices: Value, experts: number): Dispatch => {
  const { graph } = x;
  const [tokens, choices] = topIndices.shape;
  if (x.shape.length !== 2 || x.shape[0] !== tokens) {
    throw shapeError("Dispatch", `needs x [n, d] and indices [n, k], got ${formatTypes([x, topIndices])}`);
  }
  const routing = graph.apply(routeTo(experts), [topIndices]);
  const counts = routing[3];
  const [sorted] = graph.apply(sortRows, [x, ...routing]);
  const sizes = Array.from({ length: experts }, (_, id) => graph.dynamicDim(`tokens-of-expert-${id}`));
  const split = (joined: Value): Values => graph.apply(splitByCounts(sizes), [joined, counts]);
  return {
    sorted,
    counts,
    join: (ys) => {
      if (ys.length !== experts || ys.some((y, id) => y.shape[0] !== sizes[id])) {
        throw shapeError("Dispatch", `needs one tensor per expert, with its rows, got ${formatTypes(ys)}`);
      }
      return graph.apply(joinRows(sorted.shape[0] as number), [counts, ...ys])[0];
    },
    split,
    combine: (joined) => reshape(unsort(joined, routing), [tokens!, choices!, joined.shape[1]!]),
  };
};
