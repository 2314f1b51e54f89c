import { studentQuantile } from "#shared/scoring/student-t.js";

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Points of one segment lie on one line; all segments' lines have the same slope. Such as the life of a process between two restarts. */
  readonly segment: string;
}

export interface Slope {
  /** Points that counted. */
  readonly count: number;
  readonly mean: number;
  /** Growth of y for each x. */
  readonly slope: number;
  /** The two-sided confidence interval. */
  readonly low: number;
  readonly high: number;
}

/**
 * Least squares with a slope for all and an intercept for each segment, whose first `warmUp` points are left out.
 *
 * @param confidence such as 0.95
 * @returns null where there are too few points for an interval
 */
export const pooledSlope = (points: readonly Point[], warmUp: number, confidence = 0.95): Slope | null => {
  const segments = [...new Set(points.map(({ segment }) => segment))]
    .map((segment) => points.filter((point) => point.segment === segment))
    .map((ones) => ones.slice(warmUp))
    .filter((ones) => ones.length >= 2);
  const counted = segments.flat();
  const freedom = counted.length - segments.length - 1;
  if (freedom < 1) return null;
  const centred = segments.flatMap((ones) => {
    const [x, y] = [meanOf(ones.map((one) => one.x)), meanOf(ones.map((one) => one.y))];
    return ones.map((one) => ({ x: one.x - x, y: one.y - y }));
  });
  const sum = (of: (one: { x: number; y: number }) => number) => centred.reduce((total, one) => total + of(one), 0);
  const spread = sum(({ x }) => x * x);
  if (spread === 0) return null;
  const slope = sum(({ x, y }) => x * y) / spread;
  const error = Math.sqrt(sum(({ x, y }) => (y - slope * x) ** 2) / freedom / spread);
  const margin = error * studentQuantile((1 + confidence) / 2, freedom);
  const mean = meanOf(counted.map(({ y }) => y));
  return { count: counted.length, mean, slope, low: slope - margin, high: slope + margin };
};

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export type Verdict = "flat" | "grows" | "undecided" | "too few";

/** Whether a slope is above a bound: certainly, certainly not, or not to be said of so few points. */
export const judge = (slope: Slope | null, bound: number): Verdict => {
  if (slope === null) return "too few";
  if (slope.low > bound) return "grows";
  return slope.high <= bound ? "flat" : "undecided";
};
