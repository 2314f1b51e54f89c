import { readVoters } from "#shared/chain/voters.js";
import type { Network } from "#shared/protocol/network.js";
import { chosenStep, isUndecided, type SignedVote } from "#shared/protocol/voting/chosen-step.js";
import type { Stakes } from "#shared/protocol/voting/stake.js";
import type { AgreedOutcome } from "#shared/protocol/voting/tally.js";
import type { GroupProgress } from "#shared/rewards/progress.js";
import { lastBlockFor, phaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";

/** The validators' votes on a cycle's steps, in the state at the last block of its choose phase. */
export interface Ballots {
  /** Votes by group, one from each voter that committed a ballot in time. */
  readonly votes: ReadonlyMap<string, readonly SignedVote[]>;
  readonly stakes: Stakes;
  /** Hotkeys whose ballot counts. */
  readonly voters: readonly string[];
}

/** The order in which ballots list a network's groups. */
export const groupsInOrder = ({ groups }: Pick<Network, "groups">): readonly string[] => Object.keys(groups).sort();

/** Reads a cycle's ballots once its choose phase is over. @throws what reading the chain throws */
export const readBallots = async (source: CycleContext, cycle: number): Promise<Ballots> => {
  const { network } = source;
  const { stakes, commitments } = await readVoters(source, cycle, lastBlockFor("ballot", cycle, source));
  const names = groupsInOrder(network);
  const ballots = [...phaseRecords("ballot", cycle, commitments, source)].flatMap(([hotkey, { record }]) =>
    stakes.has(hotkey) && record.votes.length === names.length ? [{ hotkey, votes: record.votes }] : [],
  );
  const voteOn = (i: number) => ballots.map(({ hotkey, votes }): SignedVote => ({ hotkey, vote: votes[i] ?? null }));
  return {
    votes: new Map(names.map((name, i) => [name, voteOn(i)])),
    stakes,
    voters: ballots.map(({ hotkey }) => hotkey),
  };
};

/** Group → the step that its model takes. 0 if it takes none. */
export const chosenSteps = (
  { training }: Pick<Network, "training">,
  { votes, stakes }: Ballots,
): ReadonlyMap<string, number> =>
  new Map([...votes].map(([group, of]) => [group, chosenStep(of, stakes, training.outer.steps.length)]));

/** What the reports of a cycle say of its miners. */
interface Tallied {
  readonly outcomes: readonly Pick<AgreedOutcome, "group" | "isJudged">[];
  /** Whether every report that counts was available. Else it cannot be told that nobody judged a group. */
  readonly isWhole: boolean;
}

/** Which groups take a step, and which only validators that failed keep from one: these are undecided, whatever ballots say. */
export const groupProgress = (
  { training }: Pick<Network, "training">,
  { votes, stakes }: Ballots,
  tallied: Tallied,
): GroupProgress => {
  const { length: steps } = training.outer.steps;
  const unjudged = unjudgedGroups(tallied);
  const undecided = [...votes].flatMap(([group, of]) =>
    unjudged.has(group) || isUndecided(of, stakes, steps) ? [group] : [],
  );
  const improved = [...votes].flatMap(([group, of]) => (chosenStep(of, stakes, steps) !== 0 ? [group] : []));
  return { improved: improved.filter((group) => !undecided.includes(group)), undecided };
};

/** The groups for which somebody revealed an update, and of whose miners nobody judged any. One for which nobody worked is not among them. */
export const unjudgedGroups = ({ outcomes, isWhole }: Tallied): ReadonlySet<string> => {
  if (!isWhole) return new Set();
  const judged = new Set(outcomes.flatMap(({ group, isJudged }) => (isJudged ? [group] : [])));
  return new Set(outcomes.flatMap(({ group }) => (group !== null && !judged.has(group) ? [group] : [])));
};
