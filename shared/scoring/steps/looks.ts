import { studentQuantile } from "../student-t.js";

export interface StepRules {
  /** One-sided confidence over all candidates and looks together that no candidate is approved that is not better than the base. */
  readonly confidence: number;
  /** Greatest number of batches, at least 2. */
  readonly batches: number;
}

/** A number of batches after which the candidates are compared. */
export interface Look {
  /** Number of batches after it. */
  readonly end: number;
  /** Standard errors by which a candidate must be better. */
  readonly quantile: number;
  /** The same if time is up after it. */
  readonly quantileAsLast: number;
}

/** Batches of the first look. The number doubles from look to look. */
export const FIRST_LOOK = 8;
/** The last look's share of the error that the confidence leaves. The earlier looks, which decide clear cases, share the rest. */
const LAST_LOOK = 0.7;

/** In ascending order. The last look has all batches. A single look has all of the error. */
export const planLooks = ({ confidence, batches }: StepRules, candidates: number): readonly Look[] => {
  const error = (1 - confidence) / candidates;
  const ends: number[] = [];
  for (let end = FIRST_LOOK; end < batches; end *= 2) ends.push(end);
  const early = ((1 - LAST_LOOK) * error) / ends.length;
  const rest = ends.length === 0 ? error : LAST_LOOK * error;
  return [...ends, batches].map((end) => {
    const quantileAsLast = studentQuantile(1 - rest, end - 1);
    return { end, quantileAsLast, quantile: end === batches ? quantileAsLast : studentQuantile(1 - early, end - 1) };
  });
};
