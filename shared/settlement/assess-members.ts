import { assessDuty, assessDutyInPieces, type DutyAssessment, type DutyClaims } from "#shared/duty/assess-duty.js";
import { dutyDocumentHash } from "#shared/duty/duty-document.js";
import { dutyEvidence, replayedDuty } from "#shared/duty/evidence.js";
import { isPlanted, mustBeWrong, relayThreshold } from "#shared/duty/planted.js";
import type { DutyTarget } from "#shared/duty/target.js";
import { EXACT_KINDS, type Task } from "#shared/duty/task.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
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
  /** Member → the task on which its evidence is recomputed, where evidence is asked for. */
  readonly replayed: ReadonlyMap<string, string>;
}

/** Verifies all draws: some 10 ms each, of which there are as many as tasks were checked, and 64 a member. */
export const assessMembers = (inputs: CloseInputs, verifyVrf: VerifyVrf): AssessedCycle => {
  const claimsOf = dutyClaims(inputs);
  const assessments = new Map(
    inputs.members.map((member) => [member.hotkey, assessDuty(claimsOf(member), verifyVrf, inputs.audit)]),
  );
  return assessedCycle(inputs, assessments, verifyVrf);
};

/** What one member did, in pieces between which a program with other work does that. */
export const memberAssessor = (
  inputs: CloseInputs,
  verifyVrf: VerifyVrf,
): ((member: Pick<Member, "hotkey" | "publicKey">) => Promise<DutyAssessment>) => {
  const claimsOf = dutyClaims(inputs);
  return (member) => assessDutyInPieces(claimsOf(member), verifyVrf, inputs.audit);
};

const dutyClaims = (inputs: CloseInputs): ((member: Pick<Member, "hotkey" | "publicKey">) => DutyClaims) => {
  const { dropped = 0, auditSeed, duties, answers } = inputs;
  const eligible = eligibleTasks(inputs);
  return ({ hotkey, publicKey }) => ({
    ...{ hotkey, publicKey, document: duties.get(hotkey) ?? null, answers: answers.get(hotkey) ?? null },
    ...{ tasks: eligible(hotkey), dropped, auditSeed },
  });
};

/** @param assessments of all members, by `memberAssessor` */
export const assessedCycle = (
  inputs: CloseInputs,
  assessments: ReadonlyMap<string, DutyAssessment>,
  verifyVrf: VerifyVrf,
): AssessedCycle => ({
  targets: targetsOf(inputs),
  assessments,
  plantedWrong: plantedWrong(inputs, verifyVrf),
  replayed: new Map(inputs.audit?.evidence ? replayedDuties(inputs, assessments) : []),
});

const replayedDuties = (
  { members, duties, auditSeed: seed }: CloseInputs,
  assessments: ReadonlyMap<string, DutyAssessment>,
): readonly (readonly [string, string])[] =>
  members.flatMap(({ hotkey, publicKey: verifierKey }) => {
    const document = duties.get(hotkey);
    const done = (assessments.get(hotkey)?.done ?? []).map(({ task }) => task);
    const task = document && replayedDuty({ seed, verifierKey, document: dutyDocumentHash(document), done });
    return task ? [[hotkey, task] as const] : [];
  });

/**
 * Tasks of exact kinds that a member on duty flags, that were planted wrong, or on which a member's evidence is looked at: whoever closes the
 * cycle recomputes these. Ascending by id.
 */
export const tasksToRecompute = (
  { tasks }: Pick<CloseInputs, "tasks">,
  { assessments, plantedWrong: wrong, replayed }: AssessedCycle,
): readonly Task[] => {
  const flagged = [...assessments.values()].flatMap(({ done }) =>
    done.filter(({ verdict }) => verdict === "invalid").map(({ task }) => task),
  );
  const wanted = new Set([...wrong, ...flagged, ...replayed.values()]);
  return tasks
    .map(({ task }) => task)
    .filter(({ id, kind }) => EXACT_KINDS.has(kind) && wanted.has(id))
    .sort((a, b) => compareTexts(a.id, b.id));
};

/**
 * Members whose evidence on the task that was drawn is not what recomputing it gives, with that task: they did not compute what they gave a verdict
 * on.
 *
 * @param digests task id → hash of what was recomputed. A task that nobody can recompute any more is left out
 */
export const refutedEvidence = (
  { members }: Pick<CloseInputs, "members">,
  { assessments, replayed }: Pick<AssessedCycle, "assessments" | "replayed">,
  digests: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> =>
  new Map(
    members.flatMap(({ hotkey, publicKey: verifierKey }) => {
      const task = replayed.get(hotkey);
      const digest = task && digests.get(task);
      if (!task || !digest) return [];
      const said = assessments.get(hotkey)?.done.find((duty) => duty.task === task)?.evidence;
      return said === dutyEvidence({ verifierKey, task, digest }) ? [] : [[hotkey, task] as const];
    }),
  );

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
