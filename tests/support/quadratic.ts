import type { FloatTensors } from "#shared/artifact/update.js";
import { normal } from "#shared/data/normal.js";
import { createRandom } from "#shared/data/random.js";

/** Dimensions of the model. */
const SIZE = 20;
/** All of its weights are one tensor of this name. */
export const WEIGHTS = "weights";

export const asTensors = (data: Float32Array): FloatTensors => new Map([[WEIGHTS, { shape: [SIZE], data }]]);
export const dataOf = (tensors: FloatTensors): Float32Array => tensors.get(WEIGHTS)!.data;

/** Spread of what a sequence draws the optimum to. */
const NOISE = 4;
/** Sequences of a batch that is evaluated on. */
const SEQUENCES = 8;

/**
 * A model whose true loss is known: ½ Σ h (θ − x)², of curvatures h from 0.05 to 1. A sequence moves the optimum x by noise of its own, so the losses
 * of one batch before and after a step are paired as those of a text are, and gradients are noisy.
 */
export interface Quadratic {
  /** As far from the optimum in each dimension as was asked. */
  readonly start: Float32Array;
  /** Expected over all text, without what no model can learn. */
  readonly trueLoss: (weights: Float32Array) => number;
  /** Mean losses of the batches that a seed draws. */
  readonly losses: (weights: Float32Array, seed: string, from: number, to: number) => number[];
  /** Trained − base after so many steps of Adam on a stream of its own. */
  readonly train: (base: Float32Array, training: Training) => Float32Array;
}

export interface Training {
  readonly stream: string;
  readonly steps: number;
  readonly rate: number;
}

export const createQuadratic = (seed: string, distance: number): Quadratic => {
  const random = createRandom(`${seed} optimum`);
  const curvature = Float64Array.from({ length: SIZE }, (_, i) => 0.05 ** (i / (SIZE - 1)));
  const optimum = Float64Array.from({ length: SIZE }, () => normal(random));
  const start = Float32Array.from(optimum, (x) => x + distance * (random.next() < 0.5 ? -1 : 1));
  const distanceLoss = (weights: Float32Array, drawn: readonly number[] | null) => {
    let sum = 0;
    for (let i = 0; i < SIZE; i++) sum += curvature[i]! * (weights[i]! - optimum[i]! - (drawn?.[i] ?? 0)) ** 2;
    return sum / 2;
  };
  const batches = new Map<string, readonly number[]>();
  const batch = (key: string): readonly number[] => {
    const known = batches.get(key);
    if (known) return known;
    const own = createRandom(`${seed} ${key}`);
    const drawn = Array.from({ length: SIZE }, () => (NOISE / Math.sqrt(SEQUENCES)) * normal(own));
    batches.set(key, drawn);
    return drawn;
  };
  return {
    start,
    trueLoss: (weights) => distanceLoss(weights, null),
    losses: (weights, text, from, to) =>
      Array.from({ length: to - from }, (_, i) => distanceLoss(weights, batch(`${text} ${from + i}`))),
    train(base, { stream, steps, rate }) {
      const own = createRandom(`${seed} ${stream}`);
      const weights = Float64Array.from(base);
      const [first, second] = [new Float64Array(SIZE), new Float64Array(SIZE)];
      for (let step = 1; step <= steps; step++) {
        for (let i = 0; i < SIZE; i++) {
          const drawn = (NOISE / Math.sqrt(SEQUENCES)) * normal(own);
          const gradient = curvature[i]! * (weights[i]! - optimum[i]! - drawn);
          first[i] = 0.9 * first[i]! + 0.1 * gradient;
          second[i] = 0.95 * second[i]! + 0.05 * gradient ** 2;
          const mean = first[i]! / (1 - 0.9 ** step);
          const size = Math.sqrt(second[i]! / (1 - 0.95 ** step));
          weights[i] = weights[i]! - (rate * mean) / (size + 1e-8);
        }
      }
      return Float32Array.from(weights, (value, i) => value - base[i]!);
    },
  };
};
