/** One-sided confidence of a score where a network's file does not say: docs/scoring.md has the figures behind it. */
export const DEFAULT_CONFIDENCE = 0.995;
