import type { Graph, Value } from "../graph.js";
import { add, div, mul, scale, sqrt, sub } from "../ops/index.js";
import { type FloatTensor, floatTensor, zeros } from "../tensor.js";

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Decoupled: each step reduces parameters by learning rate · weightDecay, whatever their gradient. */
  readonly weightDecay: number;
}

/** PyTorch's names, with the usual values for training language models (GPT-3, appendix B). */
export const ADAMW_DEFAULTS: AdamWOptions = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 };

/**
 * The moments without their constant factors, which saves passes over memory: m = exp_avg / (1 − beta1) and v = exp_avg_sq / (1 − beta2) of
 * PyTorch.
 */
export interface Moments<T> {
  readonly m: T;
  readonly v: T;
}

/** The values that change from step to step, except tensors: three float32 scalars. */
export interface StepScalars<T> {
  /** Learning rate with both bias corrections. */
  readonly rate: T;
  /** eps on the scale of √v. */
  readonly epsilon: T;
  /** The part of a parameter that remains after weight decay. */
  readonly keep: T;
}

export interface AdamW {
  init(shape: readonly number[]): Moments<FloatTensor>;
  /** Declares the scalars as inputs of a graph; feed them with `scalars`. */
  declare(graph: Graph): StepScalars<Value>;
  /** Their values at a step, counted from 1. */
  scalars(step: number, learningRate: number): Readonly<Record<string, FloatTensor>>;
  /**
   * One parameter's step: elementwise nodes only.
   * @param factor scalar by which the gradient is multiplied first (clipping, the mean over micro-batches)
   * @param decay  whether weight decay applies to this parameter
   */
  update(
    at: StepScalars<Value>,
    parameter: Value,
    gradient: Value,
    moments: Moments<Value>,
    options?: { readonly factor?: Value; readonly decay?: boolean },
  ): Moments<Value> & { readonly parameter: Value };
}

const NAMES: StepScalars<string> = { rate: "adamw.rate", epsilon: "adamw.epsilon", keep: "adamw.keep" };

/** The scalars of a step, counted from 1. */
export const scalarsAt = (
  { beta1, beta2, eps, weightDecay }: AdamWOptions,
  step: number,
  learningRate: number,
): StepScalars<number> => {
  const deviation = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    rate: (learningRate * (1 - beta1)) / ((1 - beta1 ** step) * deviation),
    epsilon: eps / deviation,
    keep: 1 - learningRate * weightDecay,
  };
};

/**
 * AdamW (Loshchilov & Hutter 2019) as nodes of a graph, for devices with their own memory. The arithmetic is that of `torch.optim.AdamW`,
 * rearranged for few passes over memory.
 */
export const adamw = (options: AdamWOptions): AdamW => ({
  init: (shape) => ({ m: zeros(shape), v: zeros(shape) }),

  declare: (graph) => ({
    rate: graph.input(NAMES.rate, []),
    epsilon: graph.input(NAMES.epsilon, []),
    keep: graph.input(NAMES.keep, []),
  }),

  scalars: (step, learningRate) => {
    const { rate, epsilon, keep } = scalarsAt(options, step, learningRate);
    return {
      [NAMES.rate]: floatTensor([rate], []),
      [NAMES.epsilon]: floatTensor([epsilon], []),
      [NAMES.keep]: floatTensor([keep], []),
    };
  },

  update: ({ rate, epsilon, keep }, parameter, gradient, moments, { factor, decay = true } = {}) => {
    const g = factor ? mul(gradient, factor) : gradient;
    const m = add(scale(moments.m, options.beta1), g);
    const v = add(scale(moments.v, options.beta2), mul(g, g));
    const direction = div(m, add(sqrt(v), epsilon));
    const kept = decay && options.weightDecay > 0 ? mul(parameter, keep) : parameter;
    return { parameter: sub(kept, mul(direction, rate)), m, v };
  },
});
