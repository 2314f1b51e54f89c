import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** The weights of a model, as its blocks use them. A name is that of a module: without `.weight` or `.bias`. */
export interface Weights {
  readonly of: (name: string) => Value;
  /** x [..., in] → x · Wᵀ + b [..., out], with a bias where the graph has one. */
  readonly linear: (x: Value, name: string) => Value;
  /** RMSNorm over the last axis, with the model's epsilon unless another is given. */
  readonly norm: (x: Value, name: string, eps?: number) => Value;
}

/** @param values weights in a graph, by their names in `parameterShapes` */
export const weightsIn = (values: Readonly<Record<string, Value>>, { rms_norm_eps }: ModelConfig): Weights => {
  const of = (name: string): Value => {
    const value = values[`${name}.weight`];
    if (!value) throw new TypeError(`model weight ${name}.weight is not in the graph`);
    return value;
  };
  return {
    of,
    linear: (x, name) => {
      const product = op.matmul(x, of(name), { transB: true });
      const bias = values[`${name}.bias`];
      return bias ? op.add(product, bias) : product;
    },
    norm: (x, name, eps = rms_norm_eps) => op.rmsNorm(x, of(name), eps),
  };
};

/** factor · x; x itself for a factor of 1. */
export const scaled = (x: Value, factor: number): Value => (factor === 1 ? x : op.scale(x, factor));
