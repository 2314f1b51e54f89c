import { gradients, pullBack } from "#shared/engine/autodiff.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { scaled } from "#shared/model/blocks/weights.js";
import { blocksOf } from "#shared/model/families/index.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { HIDDEN, HIDDEN_GRADIENT } from "./layer-programs.js";

/** Of the last norm. */
export const NORM_WEIGHT = "model.norm.weight";
/** The hidden state after the last norm [N, d], and the gradient of the loss by it. */
export const NORMED = "normed";
export const NORMED_GRADIENT = "normed gradient";
/** Neighbouring rows of the head [v, d], and the gradient of the loss by them. */
export const ROWS = "rows";
export const ROWS_GRADIENT = "rows gradient";
/** For each token the place of its target among these rows, int64 [N], and 1 where it is among them, else 0: float32 [N]. */
export const PLACE = "place";
export const AMONG = "among";
/** log Σ eˡ over the rows' logits [N]; over those of the whole vocabulary [N, 1]. */
export const LOG_SUM = "log sum";
/** The target's logit where it is among the rows, else 0: [N]. */
export const PICKED = "picked";
/** What a token's loss counts for in the mean: [N]. */
export const SHARE = "share";
/** Sum over the rows before: [N, d]. */
export const SUM = "sum";

type HeadShape = Pick<ForwardShape, "config" | "batchSize" | "sequenceLength">;

/** The last norm, forwards and, by the gradient of its output, backwards. */
export const normGraphs = (shape: HeadShape, trainsNorm: boolean) => {
  const { config } = shape;
  const state = stateOf(shape);
  const build = () => {
    const graph = new Graph();
    const hidden = graph.input(HIDDEN, state);
    const weight = graph.input(NORM_WEIGHT, [config.hidden_size]);
    return { graph, hidden, weight, normed: op.rmsNorm(hidden, weight, config.rms_norm_eps) };
  };
  const backward = build();
  const wrt = trainsNorm ? [backward.hidden, backward.weight] : [backward.hidden];
  const given = backward.graph.input(NORMED_GRADIENT, state);
  const [gradient, weightGradient] = pullBack(backward.graph.nodes.slice(), backward.normed, given, wrt);
  const { graph, normed } = build();
  return {
    forward: { graph, outputs: { [NORMED]: normed } },
    backward: {
      graph: backward.graph,
      outputs: { [HIDDEN_GRADIENT]: gradient!, ...(weightGradient && { [NORM_WEIGHT]: weightGradient }) },
    },
  };
};

/** Logits of `count` rows of the vocabulary: what the loss needs of them, and its gradients by way of them. */
export const rowsGraphs = (shape: HeadShape, count: number, trainsHead: boolean) => {
  const { config } = shape;
  const state = stateOf(shape);
  const [tokens] = state;
  const { logits: factor } = blocksOf(config).scales;
  const build = () => {
    const graph = new Graph();
    const normed = graph.input(NORMED, state);
    const rows = graph.input(ROWS, [count, config.hidden_size]);
    const logits = scaled(op.matmul(normed, rows, { transB: true }), factor); // [N, count]
    const targets = op.gather(rows, graph.input(PLACE, [tokens], "int64"));
    const products = op.reduceSum(op.mul(normed, targets), [-1]);
    const picked = op.mul(scaled(products, factor), graph.input(AMONG, [tokens]));
    return { graph, normed, rows, logits, picked };
  };

  const scores = build();
  const first = { axis: 1, start: 0, end: 1 };
  const logSum = op.sub(op.slice(scores.logits, first), op.slice(op.logSoftmax(scores.logits), first));

  const { graph, normed, rows, logits, picked } = build();
  // Its gradient by a logit is share · (probability − 1 for the target): the loss's.
  const masses = op.reduceSum(op.exp(op.sub(logits, graph.input(LOG_SUM, [tokens, 1]))), [-1]);
  const pull = op.reduceSum(op.mul(op.sub(masses, picked), graph.input(SHARE, [tokens])), [0]);
  const [gradient, rowsGradient] = gradients(pull, trainsHead ? [normed, rows] : [normed]);
  return {
    scores: {
      graph: scores.graph,
      outputs: { [LOG_SUM]: op.reshape(logSum, [tokens]), [PICKED]: scores.picked },
    },
    gradients: {
      graph,
      outputs: {
        [SUM]: op.add(gradient!, graph.input(SUM, state)),
        ...(rowsGradient && { [ROWS_GRADIENT]: rowsGradient }),
      },
    },
  };
};

const stateOf = ({ config, batchSize, sequenceLength }: HeadShape): readonly [number, number] => [
  batchSize * sequenceLength,
  config.hidden_size,
];
