import type { StepVote } from "../step-vote.js";
import { isMoreThanHalf, type Stakes, sumStake } from "./stake.js";

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
  const all = sumStake(stakes.values());
  let [chosen, most] = [0, -1n];
  for (const step of numbersUpTo(steps)) {
    if (!isMoreThanHalf(stakeFinding(step, votes, stakes), all)) continue;
    const naming = stakeWhere(votes, stakes, ({ best }) => best === step);
    if (naming > most) [chosen, most] = [step, naming];
  }
  return chosen;
};

/**
 * Whether a group is *undecided*: it takes no step, and only missing votes keep it from one. Either nobody voted on it, or of the stake that did more
 * than half finds the same step better than the base. Who sent no ballot and who could not measure the group are missing alike: a liar is
 * outvoted by the honest validators that measured, as long as it has less stake than they have, however many others failed.
 *
 * @param votes as for `chosenStep`
 */
export const isUndecided = (votes: readonly SignedVote[], stakes: Stakes, steps: number): boolean => {
  const voting = stakeWhere(votes, stakes, () => true);
  const approves = (step: number) => isMoreThanHalf(stakeFinding(step, votes, stakes), voting);
  return chosenStep(votes, stakes, steps) === 0 && (voting === 0n || numbersUpTo(steps).some(approves));
};

const numbersUpTo = (steps: number): readonly number[] => Array.from({ length: steps }, (_, i) => i + 1);

/** The stake that finds a step better than the base. */
const stakeFinding = (step: number, votes: readonly SignedVote[], stakes: Stakes): bigint =>
  stakeWhere(votes, stakes, ({ better }) => better.includes(step));

/** The stake that voted, and whose vote says so. */
const stakeWhere = (
  votes: readonly SignedVote[],
  stakes: Stakes,
  says: (vote: NonNullable<StepVote>) => boolean,
): bigint => sumStake(votes.map(({ hotkey, vote }) => (vote && says(vote) ? (stakes.get(hotkey) ?? 0n) : 0n)));
