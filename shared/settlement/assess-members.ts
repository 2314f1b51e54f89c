import { assessDuty, type DutyAssessment } from "#shared/duty/assess-duty.js";
import { isPlanted, mustBeWrong, relayThreshold } from "#shared/duty/planted.js";
import type { DutyTarget } from "#shared/duty/target.js";
import { EXACT_KINDS, type Task } from "#shared/duty/task.js";
import type { VerifyVrf } from "#shared/protocol/signing.js";
import { type CloseInputs, type Member, targetsOf } from "./cycle-inputs.js";
import { eligibleTasks } from "./eligible-tasks.js";

/** What members did of their duty in a cycle, before anything is recomputed. */
export interface AssessedCycle {
  /** Executor → how often its tasks were to be checked. */
  readonly targets: ReadonlyMap<string, DutyTarget>;
  /** Member → what it did of its duty. */
  readonly assessments: ReadonlyMap<string, DutyAssessment>;
  /** Ids of tasks that were planted with a wrong result, as drawn and committed to. */
  readonly plantedWrong: ReadonlySet<string>;
}

/** Verifies all draws: some 10 ms each, of which there are as many as tasks were checked, and 64 a member. */
export const assessMembers = (inputs: CloseInputs, verifyVrf: VerifyVrf): AssessedCycle => {
  const assess = memberAssessor(inputs, verifyVrf);
  const assessments = new Map(inputs.members.map((member) => [member.hotkey, assess(member)]));
  return assessedCycle(inputs, assessments, verifyVrf);
};

/** What one member did: so that a caller with other work can do that between members. */
export const memberAssessor = (
  inputs: CloseInputs,
  verifyVrf: VerifyVrf,
): ((member: Pick<Member, "hotkey" | "publicKey">) => DutyAssessment) => {
  const { auditSeed, duties, answers, uncounted = [] } = inputs;
  const eligible = eligibleTasks(inputs);
  return ({ hotkey, publicKey }) => {
    const documents = { document: duties.get(hotkey) ?? null, answers: answers.get(hotkey) ?? null };
    const others = uncounted.filter(({ executor }) => executor !== hotkey).map(({ id }) => id);
    const subject = { hotkey, publicKey, ...documents, tasks: eligible(hotkey), uncounted: others, auditSeed };
    return assessDuty(subject, verifyVrf);
  };
};

/** @param assessments of all members, by `memberAssessor` */
export const assessedCycle = (
  inputs: CloseInputs,
  assessments: ReadonlyMap<string, DutyAssessment>,
  verifyVrf: VerifyVrf,
): AssessedCycle => ({ targets: targetsOf(inputs), assessments, plantedWrong: plantedWrong(inputs, verifyVrf) });

/** Tasks of exact kinds that a member on duty flags, or that were planted wrong: whoever closes the cycle recomputes these. Ascending by id. */
export const tasksToRecompute = (
  { tasks }: Pick<CloseInputs, "tasks">,
  { assessments, plantedWrong: wrong }: AssessedCycle,
): readonly Task[] => {
  const flagged = [...assessments.values()].flatMap(({ done }) =>
    done.filter(({ verdict }) => verdict === "invalid").map(({ task }) => task),
  );
  const wanted = new Set([...wrong, ...flagged]);
  return tasks
    .map(({ task }) => task)
    .filter(({ id, kind }) => EXACT_KINDS.has(kind) && wanted.has(id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
};

const plantedWrong = (inputs: CloseInputs, verifyVrf: VerifyVrf): ReadonlySet<string> => {
  const { network, cycle, relayBeacon, members, tasks, tasksBefore, planted, plantedCommitments } = inputs;
  const weights = new Map(members.map(({ hotkey, weight }) => [hotkey, weight]));
  const executors = new Map(tasks.map(({ task }) => [task.id, task.executor]));
  const disclosed = [...planted.values()].filter((document) => {
    if (executors.get(document.task) !== document.hotkey) return false;
    const threshold = relayThreshold(document.hotkey, weights, tasksBefore);
    const commitment = plantedCommitments.get(document.hotkey);
    return isPlanted({ document, subject: { network, cycle, beacon: relayBeacon }, threshold, commitment }, verifyVrf);
  });
  return new Set(disclosed.filter(({ draw }) => mustBeWrong(Buffer.from(draw, "hex"))).map(({ task }) => task));
};
