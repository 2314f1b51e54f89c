import { isMajority, type Stakes } from "./stake.js";
import type { StepVote } from "./step-vote.js";

/** What a validator's ballot says of one group, with the hotkey that the chain says committed it. */
export interface SignedVote {
  readonly hotkey: string;
  readonly vote: StepVote;
}

/**
 * The step that a group's model takes: of those that validators with more than half of all voting stake find better than the base, the one
 * that most stake names best; of equals the lower number. 0, the base, where there is none: what is not measured by a majority moves
 * nothing. Who lies with less than half of the stake can approve no step by itself, and can at most prefer one approved step to another.
 *
 * @param votes one a hotkey
 * @param steps how many the network file has; votes on others say nothing
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
