/** sum += addend, element by element. */
export const addInto = (sum: Float32Array, addend: Float32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
};
