import { formatShape, Graph, type Value } from "#shared/engine/graph.js";
import type { DType, FloatTensor, Tensor } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";

export type NamedValues = Readonly<Record<string, Value>>;
export type NamedFloats = Readonly<Record<string, FloatTensor>>;
/** Tensors by name → shape. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Builds a scalar loss, and named float scalars to report with it, from parameters and a batch. */
export type Objective = (
  graph: Graph,
  params: NamedValues,
  inputs: NamedValues,
) => Value | { readonly loss: Value; readonly metrics: NamedValues };

export type BatchInputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly dtype: DType }>>;

export interface ObjectiveOptions {
  readonly loss: Objective;
  readonly inputs: BatchInputs;
  readonly params: NamedFloats;
}

export interface BuiltObjective {
  readonly graph: Graph;
  readonly params: NamedValues;
  readonly loss: Value;
  /** The loss and the metrics as outputs of a program. `readScalars` separates them again. */
  readonly outputs: NamedValues;
}

/** A new graph with the parameters and the batch as inputs of their own names. Throws TRAIN_METRIC for a metric that is not a float scalar. */
export const buildObjective = ({ loss: build, inputs, params }: ObjectiveOptions): BuiltObjective => {
  const graph = new Graph();
  const weights = mapValues(params, ({ shape }, name) => graph.input(name, shape));
  const built = build(
    graph,
    weights,
    mapValues(inputs, ({ shape, dtype }, name) => graph.input(name, shape, dtype)),
  );
  const { loss, metrics } = "loss" in built ? built : { loss: built, metrics: {} };
  for (const [name, { dtype, shape }] of Object.entries({ loss, ...metrics })) {
    if (dtype === "float32" && shape.length === 0) continue;
    throw new BlockZeroError(
      "TRAIN_METRIC",
      `"${name}" is ${dtype}${formatShape(shape)}`,
      "reduce it to a float32 scalar",
    );
  }
  const outputs: Record<string, Value> = { [LOSS]: loss };
  for (const [name, metric] of Object.entries(metrics)) outputs[METRIC + name] = metric;
  return { graph, params: weights, loss, outputs };
};

const LOSS = "loss";
const METRIC = "metric/";

/** Loss and metrics from a run's results. */
export const readScalars = (
  results: Readonly<Record<string, Tensor>>,
): { readonly loss: number; readonly metrics: Record<string, number> } => {
  const metrics: Record<string, number> = {};
  for (const [key, { data }] of Object.entries(results)) {
    if (key.startsWith(METRIC)) metrics[key.slice(METRIC.length)] = Number(data[0]);
  }
  return { loss: Number(results[LOSS]?.data[0]), metrics };
};

export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, key: string) => B,
): Record<string, B> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
