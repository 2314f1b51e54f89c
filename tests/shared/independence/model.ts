import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import type { Measured } from "#shared/independence/independence.js";

// A model of updates, in which everything is known: one signal that all trainings have in common, and a noise of its own for each.

export const LENGTH = 4096;
export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export const noise = (random: Random, norm: number): Float32Array =>
  Float32Array.from({ length: LENGTH }, () => (norm * normal(random)) / Math.sqrt(LENGTH));
export const plus = (a: Float32Array, b: Float32Array, factor = 1): Float32Array =>
  a.map((value, i) => value + factor * b[i]!);

/** Trainings of their own: a common signal of length 1, and noise so long that two have such a cosine. */
export const trainings = (random: Random, count: number, cosine: number): Float32Array[] => {
  const signal = noise(random, 1);
  return Array.from({ length: count }, () => plus(signal, noise(random, Math.sqrt(1 / cosine - 1))));
};
export const measured = (sketches: readonly Float32Array[], gain = 0.02): Measured[] =>
  sketches.map((sketch) => ({ sketch, gain }));

/** The part of all that the last `count` get together. */
export const lastOf = (shares: readonly number[], count: number) =>
  sum(shares.slice(shares.length - count)) / sum(shares);
