import type { AgreedOutcome } from "./tally.js";

/**
 * The place of an update in its group by a cycle's agreed scores, best first, from 1; equal scores have the same. Null without a score above
 * zero: what earns nothing is ahead of nobody.
 */
export const placeIn = (
  outcomes: readonly Pick<AgreedOutcome, "group" | "score">[],
  { group, score }: Pick<AgreedOutcome, "group" | "score">,
): number | null =>
  score > 0 ? outcomes.filter((other) => other.group === group && other.score > score).length + 1 : null;
