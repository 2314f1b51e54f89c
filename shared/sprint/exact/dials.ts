import type { ExactShape } from "#shared/kernels/exact-reference.js";

/** Size of an exact network. Its values are integers in [−bound, bound), its weights integers in [−7, 7]. */
export interface ExactDials {
  readonly layers: number;
  /** Integers of an input, of an output and between layers; a multiple of 32. */
  readonly width: number;
  /** Integers inside a layer; a multiple of 32. */
  readonly inner: number;
  /** A power of two, at most 128. */
  readonly bound: number;
}

export type DialsName = "tiny" | "test" | "real";

/**
 * `tiny` is for tests, `test` for networks on one machine, `real` for graphics cards. The sizes are those of the white paper's transformer
 * (docs/sprint.md), without attention: one vector takes the place of a sequence.
 */
export const EXACT_DIALS: Readonly<Record<DialsName, ExactDials>> = {
  tiny: { layers: 2, width: 64, inner: 256, bound: 64 },
  test: { layers: 8, width: 256, inner: 1024, bound: 64 },
  real: { layers: 64, width: 512, inner: 24_576, bound: 64 },
};

/** Largest magnitude of a weight. */
export const LARGEST_WEIGHT = 7;

/** Weights of a network: three tensors [inner, width] a layer. 98,304 of `tiny`, 6.3 million of `test`, 2.4 billion of `real`. */
export const parametersOf = ({ layers, width, inner }: ExactDials): number => 3 * layers * width * inner;

/** Operations of the matrix products of one nonce, two a weight. 0.2 MFLOP of `tiny`, 12.6 MFLOP of `test`, 4.8 GFLOP of `real`. */
export const flopsOf = (dials: ExactDials): number => 2 * parametersOf(dials);

/**
 * By how many bits a sum of so many products is shifted: ⌊log₂(terms) / 2⌋ + 1. A sum's standard deviation is about 160 · √terms with the
 * bound 64, so what is left spreads over the whole range [−64, 64) and wraps there.
 */
export const shiftOf = (terms: number): number => ((31 - Math.clz32(terms)) >> 1) + 1;

/** Bits by which the product of two gates is shifted. */
export const GATE_SHIFT = 4;

/** The dials with everything that they decide. */
export const shapeOf = (dials: ExactDials): ExactShape => ({
  ...dials,
  shifts: { into: shiftOf(dials.width), gate: GATE_SHIFT, out: shiftOf(dials.inner) },
});

/**
 * Largest magnitude that a sum of a network can have, in units of its last bit, with the addend that is shifted to it. Below 2²⁴ every
 * partial sum, in any order, fused or not, is a float32 without rounding.
 */
export const largestSum = ({ width, inner, bound }: ExactDials): number =>
  Math.max(width * LARGEST_WEIGHT * bound, inner * LARGEST_WEIGHT * bound + bound * 2 ** shiftOf(inner));
