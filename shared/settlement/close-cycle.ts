import type { VoteVerdict } from "#shared/duty/majority.js";
import { NEWCOMER, nextReputation, type ReputationChange } from "#shared/reputation/reputation.js";
import type { AssessedCycle } from "./assess-members.js";
import { type CloseInputs, tasksDone, weightsByKind } from "./cycle-inputs.js";
import { type Settlement, settle } from "./settle.js";
import { type TaskVerdict, taskVerdicts } from "./task-verdicts.js";

/** All that a cycle's checks come to. */
export interface ClosedCycle extends AssessedCycle {
  /** Task id → verdict. */
  readonly verdicts: ReadonlyMap<string, TaskVerdict>;
  readonly frauds: ReadonlySet<string>;
  readonly settlement: Settlement;
  /** Hotkey → reputation after the cycle, and what changed it. */
  readonly reputations: ReadonlyMap<string, ReputationChange>;
}

/**
 * Closes a cycle: a pure function of signed documents, chain state and recomputation, so everybody who replays it gets the same.
 *
 * @param assessed `assessMembers` of the inputs
 * @param truths   what recomputation gives for `tasksToRecompute`; without those that nobody can recompute any more
 * @param refuted  `refutedEvidence`. Default: nobody's
 */
export const closeCycle = (
  inputs: CloseInputs,
  assessed: AssessedCycle,
  truths: ReadonlyMap<string, VoteVerdict>,
  refuted: ReadonlyMap<string, string> = new Map(),
): ClosedCycle => {
  const { members, tasks, reputations, answers, beacon } = inputs;
  const { assessments, plantedWrong } = assessed;
  const verdicts = taskVerdicts({
    tasks: tasks.map(({ task }) => task),
    assessments,
    answers,
    truths,
    refuted,
    plantedWrong,
    weightsOf: weightsByKind(members),
    beacon,
  });
  const frauds = new Set([...verdicts.values()].flatMap(({ liars }) => liars));
  for (const { task } of tasks) if (verdicts.get(task.id)?.verdict === "invalid") frauds.add(task.executor);
  const did = tasksDone(tasks);
  const hotkeys = [...new Set([...did.keys(), ...members.map(({ hotkey }) => hotkey), ...reputations.keys()])].sort();
  const settlement = settle({
    pot: inputs.pot,
    tasks: tasks.map(({ task, source }) => {
      const { verdict, verifiers } = verdicts.get(task.id)!;
      return { id: task.id, executor: task.executor, source, verdict, verifiers };
    }),
    hosts: hotkeys.map((hotkey) => ({
      hotkey,
      isFraud: frauds.has(hotkey),
      assigned: inputs.assigned.get(hotkey) ?? did.get(hotkey) ?? 0,
      done: did.get(hotkey) ?? 0,
      missRate: assessments.get(hotkey)?.missRate ?? 0,
    })),
  });
  const changes = hotkeys.map((hotkey) => {
    const { duties = 0, missed = 0, missRate = 0 } = assessments.get(hotkey) ?? {};
    const cycle = { tasks: did.get(hotkey) ?? 0, isFraud: frauds.has(hotkey), duties, missed, missRate };
    return [hotkey, nextReputation(reputations.get(hotkey) ?? NEWCOMER, cycle)] as const;
  });
  return { ...assessed, verdicts, frauds, settlement, reputations: new Map(changes) };
};
