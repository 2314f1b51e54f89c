/** The middle one of at least one, of an even number the lower: never above what more than half of them reach. */
export const lowerMedian = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!;
