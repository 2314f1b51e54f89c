import type { StepVote } from "../step-vote.js";
import { isMajority, type Stakes } from "./stake.js";

/** The vote of a validator's ballot on one group, with the hotkey that committed it by chain state. */
export interface SignedVote {
  readonly hotkey: string;
  readonly vote: StepVote;
}

/**
 * The step that a group's model takes. Candidates are the steps that validators with more than half of all voting stake find better than
 * the base. Of these, the step that most stake names best is chosen; of equals the lower number. 0, the base, if there is no candidate: a
 * step that no majority measured is never taken. Dishonest validators with less than half of the stake cannot approve a step alone. They
 * can at most make one approved step win over another.
 *
 * @param votes one per hotkey
 * @param steps number of steps in the network file; votes on others are ignored
 */
export const chosenStep = (votes: readonly SignedVote[], stakes: Stakes, steps: number): number => {
  let [chosen, most] = [0, -1n];
  for (let step = 1; step <= steps; step++) {
    const stakeWhere = (says: (vote: NonNullable<StepVote>) => boolean) =>
      votes.reduce((sum, { hotkey, vote }) => (vote && says(vote) ? sum + (stakes.get(hotkey) ?? 0n) : sum), 0n);
    if (
      !isMajority(
        stakeWhere(({ better }) => better.includes(step)),
        stakes,
      )
    )
      continue;
    const naming = stakeWhere(({ best }) => best === step);
    if (naming > most) [chosen, most] = [step, naming];
  }
  return chosen;
};
