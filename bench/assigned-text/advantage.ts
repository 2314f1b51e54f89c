import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { mean } from "#shared/util/mean.js";

/** Loss reductions of windows, nats per token: of a hotkey's own slice, and of text assigned to others. */
export interface Reductions {
  readonly own: readonly number[];
  readonly others: readonly number[];
}

/** By how much more an update lowers the loss of its own slice than of others' text, by the standard error of that. */
export const advantage = ({ own, others }: Reductions): number => {
  const [mine, theirs] = [spreadOf(own), spreadOf(others)];
  const error = Math.sqrt(mine.deviation ** 2 / own.length + theirs.deviation ** 2 / others.length);
  return (mine.mean - theirs.mean) / error;
};

/**
 * The same of what is left when each window's reduction by trainings that were assigned neither is taken out: some text is easier than other.
 *
 * @param neutral by these trainings; it counts by as much as the update lowers the loss of others' text relative to them
 */
export const advantageBeside = (neutral: Reductions, { own, others }: Reductions): number => {
  const relative = mean(others) / mean(neutral.others);
  const rest = (values: readonly number[], usual: readonly number[]) =>
    values.map((value, i) => value - relative * usual[i]!);
  return advantage({ own: rest(own, neutral.own), others: rest(others, neutral.others) });
};
