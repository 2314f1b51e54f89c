import type { DutyAnswers } from "#shared/duty/answers-document.js";
import type { DutyAssessment } from "#shared/duty/assess-duty.js";
import { judgeVerdict } from "#shared/duty/judge-verdict.js";
import { drawVoters, majorityVerdict, type Vote, type VoteVerdict } from "#shared/duty/majority.js";
import { EXACT_KINDS, type Task, type TaskKind } from "#shared/duty/task.js";
import type { Weights } from "#shared/duty/threshold.js";
import type { SettledTask } from "./settle.js";

export interface TaskVerdict {
  readonly verdict: SettledTask["verdict"];
  /** Who did duty on it with a verdict that stands. */
  readonly verifiers: readonly string[];
  /** Whose verdict or evidence a recomputation refutes. */
  readonly liars: readonly string[];
}

interface VerdictInputs {
  readonly tasks: readonly Task[];
  /** Verifier → its duty. */
  readonly assessments: ReadonlyMap<string, DutyAssessment>;
  readonly answers: ReadonlyMap<string, DutyAnswers>;
  /** Verifier → the task on which its evidence is refuted. */
  readonly refuted: ReadonlyMap<string, string>;
  /**
   * What recomputation gives, for tasks of exact kinds that somebody flagged and for planted ones. Everybody gets the same; a task that nobody can
   * recompute any more is left out.
   */
  readonly truths: ReadonlyMap<string, VoteVerdict>;
  /** Ids of tasks that were planted with a wrong result: whoever planted them did as it had to. */
  readonly plantedWrong: ReadonlySet<string>;
  readonly weightsOf: (kind: TaskKind) => Weights;
  readonly beacon: string;
}

/**
 * The verdict on each task. A task that nobody flags stands. A flagged one of an exact kind is settled by recomputation; another, and an exact one
 * that nobody can recompute, by the majority of its voters, whose duty verdict counts as their vote unless they publish one.
 */
export const taskVerdicts = (inputs: VerdictInputs): ReadonlyMap<string, TaskVerdict> => {
  const said = new Map<string, Vote[]>();
  for (const [hotkey, { done }] of inputs.assessments)
    for (const { task, verdict } of done) said.set(task, [...(said.get(task) ?? []), { hotkey, verdict }]);
  const votes = new Map<string, Vote[]>();
  for (const [hotkey, document] of inputs.answers)
    for (const { task, verdict } of document.votes) votes.set(task, [...(votes.get(task) ?? []), { hotkey, verdict }]);
  const verdictOf = (task: Task) => verdictOn(task, said.get(task.id) ?? [], votes.get(task.id) ?? [], inputs);
  return new Map(inputs.tasks.map((task) => [task.id, verdictOf(task)]));
};

const verdictOn = (task: Task, said: readonly Vote[], votes: readonly Vote[], inputs: VerdictInputs): TaskVerdict => {
  const recomputed = EXACT_KINDS.has(task.kind) ? (inputs.truths.get(task.id) ?? "abstain") : "abstain";
  const isFlagged = said.some(({ verdict }) => verdict === "invalid");
  const truth = recomputed === "abstain" && isFlagged ? byMajority(task, [...said, ...votes], inputs) : recomputed;
  const standing = said.map((vote) => {
    const isMadeUp = inputs.refuted.get(vote.hotkey) === task.id;
    return { ...vote, stands: isMadeUp ? ("false" as const) : judgeVerdict(task.kind, vote.verdict, truth) };
  });
  const liars = recomputed === "abstain" ? [] : standing.filter(({ stands }) => stands === "false");
  const sound = standing.filter(({ stands }) => stands === "sound");
  return {
    verdict: outcomeOf(said.length > 0, isFlagged, truth, inputs.plantedWrong.has(task.id)),
    verifiers: sound.map(({ hotkey }) => hotkey),
    liars: liars.map(({ hotkey }) => hotkey),
  };
};

const outcomeOf = (
  isChecked: boolean,
  isFlagged: boolean,
  truth: VoteVerdict,
  isPlantedWrong: boolean,
): TaskVerdict["verdict"] => {
  if (truth === "invalid") return isPlantedWrong ? "valid" : "invalid";
  if (isFlagged && truth === "abstain") return "undecided";
  return isChecked ? "valid" : "unchecked";
};

/** The later of two votes of a hotkey counts. */
const byMajority = (task: Task, votes: readonly Vote[], { weightsOf, beacon }: VerdictInputs): VoteVerdict => {
  const latest = new Map(votes.map((vote) => [vote.hotkey, vote]));
  const voters = drawVoters({ task: task.id, executor: task.executor, beacon, weights: weightsOf(task.kind) });
  const verdict = majorityVerdict(voters, [...latest.values()]);
  return verdict === "undecided" ? "abstain" : verdict;
};
