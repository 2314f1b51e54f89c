/**
 * `sum` and each element's square, added in float64 one after another, with no fused multiply-add. Norms that gates and merges compare are
 * made of it alone: everybody must have the same bits of them.
 */
export const addSquares = (sum: number, data: Float32Array): number => {
  let total = sum;
  for (let i = 0; i < data.length; i++) total += data[i]! * data[i]!;
  return total;
};
