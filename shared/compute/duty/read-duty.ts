import { setImmediate as yieldToEvents } from "node:timers/promises";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { DutyAssessment } from "#shared/duty/assess-duty.js";
import { type KnownDraws, verifyOnce } from "#shared/duty/known-draws.js";
import type { VoteVerdict } from "#shared/duty/majority.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Reputations } from "#shared/reputation/agreed-reputations.js";
import { assessedCycle, memberAssessor, refutedEvidence, tasksToRecompute } from "#shared/settlement/assess-members.js";
import { type ClosedCycle, closeCycle } from "#shared/settlement/close-cycle.js";
import type { CloseInputs, Member } from "#shared/settlement/cycle-inputs.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { verifyVrf } from "#shared/wallet/index.js";
import { fetchChecks, readExchangedChecks } from "../committed-checks.js";
import type { SprintJudge } from "../judge.js";
import type { Recomputed } from "../profile/recomputed.js";
import { readSprint } from "../read-sprint.js";
import {
  type CommittedDocument,
  committedAnswers,
  committedDuties,
  fetchAnswers,
  fetchDuty,
} from "./committed-documents.js";
import { CONCURRENT_FETCHES } from "./concurrent-fetches.js";
import { isCutOff } from "./cut-off.js";
import { type KnownTasks, readDutyBasis } from "./duty-inputs.js";
import { type FetchDocument, hearMembers } from "./hear-members.js";
import { auditRules } from "./rules.js";
import { settledExecutors } from "./settled-executors.js";
import { type DutyPart, dutyParts } from "./standing.js";
import { withoutMisses } from "./without-misses.js";

/** A Sprint whose duty is closed. */
export interface DutyResult {
  readonly cycle: number;
  /** What it was closed with, without the documents. */
  readonly inputs: CloseInputs;
  readonly closed: ClosedCycle;
  /** Ascending by hotkey. */
  readonly parts: readonly DutyPart[];
  /** Member → why its duty document or answers do not count. Without those that it did not commit to. */
  readonly problems: ReadonlyMap<string, string>;
  /** Whether every committed document and proof was available. If not, others may close it otherwise. */
  readonly isWhole: boolean;
}

export interface ReadDutyOptions {
  readonly cycle: number;
  readonly sprint: SprintWithDuty;
  /** `membersBy` the weights confirmed before the Sprint. */
  readonly members: readonly Member[];
  /** Agreed in the Sprint before: they decide how often each host's wins are checked. */
  readonly reputations: Reputations;
  readonly judge: Pick<SprintJudge, "losersOf" | "recomputeAll">;
  /** Whether the time to fetch is over: what fails then fails for want of time, and is held against nobody. Default: it never is. */
  readonly isOver?: () => boolean;
  /** What is read and verified is added. */
  readonly known?: DutyMemory;
}

/** What of a Sprint's duty was read, verified and recomputed before, so that it is not done again where it is closed again. */
export interface DutyMemory {
  readonly tasks: KnownTasks;
  readonly draws: KnownDraws;
  /** Task id → what recomputing it gave. */
  readonly recomputed: Map<string, Recomputed>;
  /** Documents that could not be had while there was time, each as `<hotkey> <hash>`. */
  readonly failed: Set<string>;
}

export const newDutyMemory = (): DutyMemory => ({
  ...{ tasks: new Map(), draws: new Map() },
  ...{ recomputed: new Map(), failed: new Set() },
});

/**
 * Closes a Sprint's duty once the exchange phase after it is over: a pure function of chain state, of the documents and proofs that it names by hash,
 * and of recomputing the wins that somebody says are none.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state; what the judge throws
 */
export const readDuty = async (
  source: CycleSource,
  { cycle, sprint, members, reputations, judge, isOver = () => false, known = newDutyMemory() }: ReadDutyOptions,
): Promise<DutyResult> => {
  const [beacon, auditSeed, duties, answers] = await Promise.all([
    readSprintSeed(source, { cycle, purpose: "sprint-duty" }),
    readSprintSeed(source, { cycle, purpose: "sprint-audit" }),
    committedDuties(source, cycle),
    committedAnswers(source, cycle),
  ]);
  const hear = <T>(committed: ReadonlyMap<string, CommittedDocument>, fetch: FetchDocument<T>) =>
    hearMembers(members, { committed, fetch, isOver, failed: known.failed });
  const readBasis = async () => {
    const settled = await readSprint(source, { cycle, sprint, judge });
    const executors = settledExecutors(settled);
    const read = await readDutyBasis(source, {
      ...{ cycle, sprint, members, reputations, beacon, executors, known: known.tasks },
    });
    return { ...read, isWhole: read.isWhole && settled.isWhole };
  };
  // All at once: a slow server of one kind does not use up the time of another.
  const [heardDuties, heardAnswers, basis, accused] = await Promise.all([
    hear(duties, (one) => fetchDuty(source, cycle, one)),
    hear(answers, (one) => fetchAnswers(source, cycle, one)),
    readBasis(),
    accusedByValidators(source, cycle),
  ]);
  const inputs: CloseInputs = {
    ...basis.inputs,
    audit: auditRules(sprint),
    assigned: new Map(),
    auditSeed,
    duties: heardDuties.documents,
    answers: heardAnswers.documents,
    relayBeacon: beacon,
    planted: new Map(),
    plantedCommitments: new Map(),
  };
  const assess = memberAssessor(inputs, verifyOnce(verifyVrf, known.draws));
  const isJudged = basis.isWhole && accused.isWhole && !isCutOff(members, [heardDuties, heardAnswers]);
  const assessments = new Map<string, DutyAssessment>();
  for (const member of members) {
    const assessment = assess(member);
    const isUnknown = !isJudged || heardDuties.unknown.has(member.hotkey) || heardAnswers.unknown.has(member.hotkey);
    assessments.set(member.hotkey, isUnknown ? withoutMisses(assessment) : assessment);
    await yieldToEvents();
  }
  const assessed = assessedCycle(inputs, assessments, verifyVrf);
  const doubted = new Set(tasksToRecompute(inputs, assessed).map(({ id }) => id));
  const doubtful = inputs.tasks.flatMap(({ task }) =>
    task.kind === "sprint-win" && (doubted.has(task.id) || accused.nonces.has(`${task.executor} ${task.subject.nonce}`))
      ? [task]
      : [],
  );
  const claims = [...basis.proofs].map(([executor, of]) => {
    const tasks = doubtful.filter((task) => task.executor === executor && !known.recomputed.has(task.id));
    return { of, tasks, nonces: tasks.map(({ subject }) => subject.nonce) };
  });
  const recomputed = await judge.recomputeAll(claims);
  for (const [i, { tasks }] of claims.entries())
    for (const [j, { id }] of tasks.entries()) known.recomputed.set(id, recomputed[i]![j]!);
  const truths = new Map<string, VoteVerdict>();
  const digests = new Map<string, string>();
  for (const { id } of doubtful) {
    const { isWin, digest } = known.recomputed.get(id)!;
    truths.set(id, isWin ? "valid" : "invalid");
    digests.set(id, digest);
  }
  const closed = closeCycle(inputs, assessed, truths, refutedEvidence(inputs, assessed, digests));
  return {
    cycle,
    // Documents of strangers are not kept once they are judged.
    inputs: { ...inputs, duties: new Map(), answers: new Map() },
    closed,
    parts: dutyParts(inputs, closed),
    problems: new Map([...heardAnswers.problems, ...heardDuties.problems]),
    isWhole: basis.isWhole && heardDuties.isWhole && heardAnswers.isWhole && accused.isWhole,
  };
};

/** Nonces that voting validators say are no wins, each as `<hotkey> <nonce>`: who called one valid is refuted by its recomputation. */
const accusedByValidators = async (source: CycleSource, cycle: number) => {
  const { committed } = await readExchangedChecks(source, cycle);
  const nonces = new Set<string>();
  let isWhole = true;
  const counted = committed.filter(({ counts }) => counts);
  await mapLimited(counted, CONCURRENT_FETCHES, async (one) => {
    try {
      const { checks } = await fetchChecks(source, cycle, one);
      for (const { hotkey, nonce } of checks?.entries ?? []) if (nonce !== null) nonces.add(`${hotkey} ${nonce}`);
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      isWhole = false;
    }
  });
  return { nonces, isWhole };
};
