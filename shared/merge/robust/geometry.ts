import { addSquares } from "#shared/kernels/sum-of-squares.js";

/** Takes one tensor of every update at a time, in ascending order of name. */
export type Look = (tensors: readonly Float32Array[]) => void;

/** The norms of `count` points that are shown tensor by tensor: √Σx², summed in float64 in that order. */
export const seeNorms = (count: number): { readonly look: Look; norms(): readonly number[] } => {
  const sums = new Array<number>(count).fill(0);
  return {
    look: (tensors) => {
      for (const [k, data] of tensors.entries()) sums[k] = addSquares(sums[k]!, data);
    },
    norms: () => sums.map(Math.sqrt),
  };
};

/**
 * Squared distances of all pairs of `factor · point`, [n][n], of points that are shown tensor by tensor, summed in float64 in that order. A
 * rule whose result is a combination of the points needs nothing else, so its iterations cost nothing per element.
 */
export const seeDistances = (
  factors: readonly number[],
): { readonly look: Look; readonly squared: readonly (readonly number[])[] } => {
  const squared = factors.map(() => new Array<number>(factors.length).fill(0));
  return {
    squared,
    look: (tensors) => {
      for (const [a, left] of tensors.entries())
        for (let b = a + 1; b < tensors.length; b++) {
          const right = tensors[b]!;
          let sum = squared[a]![b]!;
          for (let i = 0; i < left.length; i++) {
            const apart = factors[a]! * left[i]! - factors[b]! * right[i]!;
            sum += apart * apart;
          }
          squared[a]![b] = sum;
          squared[b]![a] = sum;
        }
    },
  };
};

/**
 * How far each point is from Σ weightₖ · pointₖ, for weights that sum to 1:
 * |Σ wᵢxᵢ − xₖ|² = Σᵢ wᵢ Dᵢₖ − ½ Σᵢⱼ wᵢ wⱼ Dᵢⱼ with D the squared distances.
 */
export const distancesTo = (weights: readonly number[], squared: readonly (readonly number[])[]): readonly number[] => {
  const towards = squared.map((row) => row.reduce((sum, d, i) => sum + weights[i]! * d, 0));
  const spread = towards.reduce((sum, value, k) => sum + weights[k]! * value, 0) / 2;
  return towards.map((value) => Math.sqrt(Math.max(0, value - spread)));
};
