/** One size and what it costs, both above zero. */
export type Point = readonly [size: number, cost: number];

/** The exponent p of cost ∝ sizeᵖ that fits some points best: the slope of least squares between their logarithms. */
export const exponentOf = (points: readonly Point[]): number => {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const products = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return products / logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
};
