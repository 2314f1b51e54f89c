/** Part of the greatest gain with which a step gains enough. */
export const ENOUGH = 0.75;

/** What a step gains, nats per token, and how far it goes in the long run, in lengths of its update. */
export interface Choice {
  readonly gain: number;
  readonly reach: number;
}

/**
 * The best of some steps: of those that gain at least three quarters of what the best gains, the one that goes farthest. Of equals the
 * one that gains more, then the first.
 *
 * The step that gains most would be short-sighted: a short step lowers the loss at once because it takes little of the updates' noise, but
 * it takes as little of what they learnt. docs/learning.md has the figures.
 *
 * @returns undefined if there is no step
 */
export const farthest = <T>(steps: readonly T[], choiceOf: (step: T) => Choice): T | undefined => {
  const choices = steps.map((step) => ({ step, ...choiceOf(step) }));
  const most = Math.max(...choices.map(({ gain }) => gain));
  const enough = most > 0 ? ENOUGH * most : most;
  const [best] = choices.filter(({ gain }) => gain >= enough).sort((a, b) => b.reach - a.reach || b.gain - a.gain);
  return best?.step;
};

/** A choice, and the number of batches that it was measured on. */
export interface MeasuredChoice extends Choice {
  readonly batches: number;
}

/** The same among those that were measured on the most batches, because all others were out of the contest. */
export const farthestOfLongest = <T>(steps: readonly T[], choiceOf: (step: T) => MeasuredChoice): T | undefined => {
  const batchesOf = (step: T) => choiceOf(step).batches;
  const most = Math.max(0, ...steps.map(batchesOf));
  return farthest(
    steps.filter((step) => batchesOf(step) === most),
    choiceOf,
  );
};
