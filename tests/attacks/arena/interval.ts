import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { mean } from "#shared/util/mean.js";

/** A mean and half the width of its interval of 95 %; that of a single value is 0. */
export interface Interval {
  readonly mean: number;
  readonly halfWidth: number;
}

const CONFIDENCE = 0.95;

/** Student's interval of independent values. */
export const intervalOf = (values: readonly number[]): Interval => {
  if (values.length < 2) return { mean: mean(values), halfWidth: 0 };
  const spread = spreadOf(values);
  const quantile = studentQuantile((1 + CONFIDENCE) / 2, values.length - 1);
  return { mean: spread.mean, halfWidth: (quantile * spread.deviation) / Math.sqrt(values.length) };
};
