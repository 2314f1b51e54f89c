import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { GradientCase, Random } from "./finite-differences.js";

/** Away from zero, where log, division and roots are smooth. */
const positive = (random: Random, _index: number, size: number) =>
  Array.from({ length: size }, () => 0.5 + 1.5 * random());

/** Distinct by much more than the step of the difference, so that no ranking changes on the way. */
const distinct = (random: Random, _index: number, size: number) => {
  const order = Array.from({ length: size }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
  return order.map(({ i }) => i * 0.1);
};

const indices = (random: Random, count: number, below: number) =>
  Array.from({ length: count }, () => Math.floor(random() * below));

/** Every operator and its gradient, over random shapes: checked against finite differences, and on each device against the CPU. */
export const gradientCases: readonly GradientCase[] = [
  {
    name: "add broadcasts",
    shapes: ({ a, b, c }) => [
      [a, b, c],
      [b, 1],
    ],
    build: ([x, y]) => op.add(x!, y!),
  },
  {
    name: "sub broadcasts",
    shapes: ({ a, b, c }) => [
      [b, 1],
      [a, 1, c],
    ],
    build: ([x, y]) => op.sub(x!, y!),
  },
  { name: "mul broadcasts", shapes: ({ a, c }) => [[a, 1], [c]], build: ([x, y]) => op.mul(x!, y!) },
  { name: "mul by itself", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.mul(x!, x!) },
  {
    name: "div broadcasts",
    shapes: ({ a, b, c }) => [[a, b, c], [c]],
    values: positive,
    build: ([x, y]) => op.div(x!, y!),
  },
  { name: "neg", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.neg(x!) },
  { name: "scale", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.scale(x!, -2.5) },
  { name: "exp", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.exp(x!) },
  { name: "log", shapes: ({ a, c }) => [[a, c]], values: positive, build: ([x]) => op.log(x!) },
  { name: "sqrt", shapes: ({ a, c }) => [[a, c]], values: positive, build: ([x]) => op.sqrt(x!) },
  { name: "reciprocal", shapes: ({ a, c }) => [[a, c]], values: positive, build: ([x]) => op.reciprocal(x!) },
  { name: "sigmoid", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.sigmoid(x!) },
  { name: "silu", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.silu(x!) },
  { name: "reshape", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x], _g, { a }) => op.exp(op.reshape(x!, [a, -1])) },
  { name: "transpose", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x]) => op.exp(op.transpose(x!, [2, 0, 1])) },
  {
    name: "concat",
    shapes: ({ a, b, c }) => [
      [a, b],
      [a, c],
    ],
    build: (xs) => op.exp(op.concat(xs, -1)),
  },
  {
    name: "split, one part unused",
    shapes: ({ a, b, c }) => [[a + b + c, 2]],
    build: ([x], _g, { a, b, c }) => {
      const parts = op.split(x!, [a, b, c], 0);
      return op.mul(op.reduceSum(parts[0]!, [0]), op.reduceSum(op.exp(parts[2]!), [0]));
    },
  },
  {
    name: "slice",
    shapes: ({ a, c }) => [[a, c + 2]],
    build: ([x], _g, { c }) => op.exp(op.slice(x!, { axis: 1, start: 1, end: c })),
  },
  {
    name: "expand",
    shapes: ({ b }) => [[b, 1]],
    build: ([x], _g, { a, b, c }) => op.reshape(op.expand(op.exp(x!), [a, b, c]), [-1]),
  },
  {
    name: "matmul",
    shapes: ({ a, b, c }) => [
      [a, c],
      [c, b],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { alpha: 0.5 }),
  },
  {
    name: "matmul aᵀ",
    shapes: ({ a, b, c }) => [
      [c, a],
      [c, b],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transA: true }),
  },
  {
    name: "matmul bᵀ",
    shapes: ({ a, b, c }) => [
      [a, c],
      [b, c],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transB: true, alpha: 2 }),
  },
  {
    name: "matmul aᵀ bᵀ",
    shapes: ({ a, b, c }) => [
      [c, a],
      [b, c],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transA: true, transB: true }),
  },
  {
    name: "matmul batched",
    shapes: ({ a, b, c }) => [
      [2, a, b, c],
      [2, a, b, c],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transB: true }),
  },
  {
    name: "matmul batched aᵀ",
    shapes: ({ a, b, c }) => [
      [a, c, b],
      [a, c, 2],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transA: true }),
  },
  {
    name: "matmul batch by 2-D",
    shapes: ({ a, b, c }) => [
      [a, b, c],
      [c, 3],
    ],
    build: ([x, y]) => op.matmul(x!, y!),
  },
  {
    name: "matmul batch by 2-D bᵀ",
    shapes: ({ a, b, c }) => [
      [a, b, c],
      [3, c],
    ],
    build: ([x, y]) => op.matmul(x!, y!, { transB: true }),
  },
  {
    name: "matmul batch broadcasts",
    shapes: ({ a, b, c }) => [
      [a, 2, b, c],
      [a, 1, c, b],
    ],
    build: ([x, y]) => op.matmul(x!, y!),
  },
  {
    name: "sum of matmuls",
    shapes: ({ a, b, c }) => [
      [a, c],
      [c, b],
      [b, c],
      [a, b],
    ],
    build: ([x, y, z, residual]) => {
      const products = op.add(op.matmul(x!, y!, { alpha: 0.5 }), op.matmul(x!, z!, { transB: true }));
      return op.exp(op.add(products, residual!));
    },
  },
  { name: "reduceSum", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x]) => op.exp(op.reduceSum(x!, [0, -1])) },
  {
    name: "reduceSum keepdims",
    shapes: ({ a, b, c }) => [[a, b, c]],
    build: ([x]) => op.mul(op.reduceSum(x!, [1], { keepdims: true }), x!),
  },
  { name: "reduceMean", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x]) => op.exp(op.reduceMean(x!, [1])) },
  { name: "sumOfSquares", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x]) => op.sumOfSquares(x!, [0, 2]) },
  { name: "sumOfSquares of scalars", shapes: () => [[]], build: ([x]) => op.sumOfSquares(x!, []) },
  { name: "softmax", shapes: ({ a, b, c }) => [[a, b, c]], build: ([x]) => op.softmax(op.scale(x!, 2)) },
  { name: "logSoftmax", shapes: ({ a, c }) => [[a, c]], build: ([x]) => op.logSoftmax(op.scale(x!, 2)) },
  {
    name: "rmsNorm",
    shapes: ({ a, b, c }) => [[a, b, c], [c]],
    values: positive,
    build: ([x, w]) => op.rmsNorm(x!, w!, 1e-2),
  },
  {
    name: "gather with repeated indices",
    shapes: ({ b, c }) => [[b, c]],
    build: ([table], graph, { b, c }, random) =>
      op.exp(op.gather(table!, graph.constant(indices(random, 2 * c, b), [2, c], "int64"))),
  },
  { name: "topK", shapes: ({ a, c }) => [[a, c]], values: distinct, build: ([x]) => op.exp(op.topK(x!, 2).values) },
  {
    name: "tokenLosses",
    shapes: ({ b, c }) => [[b, c]],
    build: ([x], graph, { b, c }, random) => op.tokenLosses(x!, graph.constant(indices(random, b, c), [b], "int64")),
  },
  {
    name: "countedMean",
    shapes: ({ b }) => [[b + 1]],
    build: ([x], graph, { b }) => op.countedMean(x!, graph.constant([0, ...new Array<number>(b).fill(1)], [b + 1])),
  },
  {
    name: "crossEntropy",
    shapes: ({ b, c }) => [[b, c]],
    build: ([x], graph, { b, c }, random) => op.crossEntropy(x!, graph.constant(indices(random, b, c), [b], "int64")),
  },
  {
    name: "crossEntropy where some targets do not count",
    shapes: ({ b, c }) => [[b + 1, c]],
    build: ([x], graph, { b, c }, random) =>
      op.crossEntropy(x!, graph.constant([-1, ...indices(random, b, c)], [b + 1], "int64")),
  },
  {
    name: "rotaryEmbedding",
    shapes: ({ a, b, c }) => [[a, b, c, 8]],
    build: ([x], graph, { c }, random) => {
      const angles = Array.from({ length: c * 4 }, () => 6 * random());
      const table = (f: (angle: number) => number) => graph.constant(angles.map(f), [c, 4]);
      return op.rotaryEmbedding(x!, table(Math.cos), table(Math.sin));
    },
  },
  {
    name: "dispatch and combine",
    shapes: ({ a, c }) => [
      [a + 2, c],
      [3, c, 2],
      [a + 2, 2],
    ],
    build: ([x, weights, shares], graph, { a, c }, random) => {
      const tokens = a + 2;
      // Distinct experts of 0 and 2: expert 1 gets no token.
      const chosen = Array.from({ length: tokens }, () => (random() < 0.5 ? [0, 2] : [2, 0])).flat();
      const { sorted, join, split, combine } = op.dispatch(x!, graph.constant(chosen, [tokens, 2], "int64"), 3);
      const expert = op.split(weights!, [1, 1, 1], 0).map((weight) => op.reshape(weight, [c, 2]));
      const hidden = op.silu(join(split(sorted).map((row, id) => op.matmul(row, expert[id]!))));
      const outputs = combine(join(split(hidden).map((row, id) => op.scale(row, id - 0.5))));
      return op.reduceSum(op.mul(outputs, op.reshape(shares!, [tokens, 2, 1])), [1]);
    },
  },
  {
    name: "dispatch with an expert's output unused",
    shapes: ({ a, c }) => [[a + 1, c]],
    build: ([x], graph, { a }, random) => {
      const { sorted, split } = op.dispatch(x!, graph.constant(indices(random, a + 1, 2), [a + 1, 1], "int64"), 2);
      return op.reduceSum(op.exp(split(sorted)[1]!), [0]);
    },
  },
  {
    name: "attend",
    shapes: ({ a, b, c }) => [
      [2, a, c],
      [2, c, b],
    ],
    build: ([scores, values]) => op.exp(op.attend(op.scale(scores!, 2), values!)),
  },
  {
    name: "pad",
    shapes: ({ a, b, c }) => [[a, b, c]],
    build: ([x]) => op.exp(op.pad(x!, { axis: 1, before: 2, after: 1 })),
  },
  {
    name: "auxiliaryLoss, of a term that no input is in",
    shapes: ({ a, b }) => [[a, b]],
    build: ([x]) => op.exp(op.auxiliaryLoss(x!, x!.graph.constant(3))),
  },
  {
    name: "unsized",
    shapes: ({ a, b }) => [[a, b]],
    build: ([x]) => op.exp(op.unsized(x!)),
  },
  {
    name: "recompute in two parts with a common input",
    shapes: ({ a, b, c }) => [
      [a, c],
      [b, c],
    ],
    build: ([x, y]) => {
      const scores = (part: readonly Value[]) => op.softmax(op.matmul(part[0]!, part[1]!, { transB: true }));
      const whole = (part: readonly Value[]) => op.matmul(scores(part), part[1]!);
      const own = op.exp(x!);
      const parts = [
        { inputs: [own, y!], build: whole },
        { inputs: [y!, own], build: whole },
      ];
      return op.concat(op.recompute(parts), 0);
    },
  },
];
