/** Default one-sided confidence of a score, if the network file gives none. docs/scoring.md has the figures behind it. */
export const DEFAULT_CONFIDENCE = 0.995;
