import { setImmediate as yieldToEvents } from "node:timers/promises";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { DutyAssessment } from "#shared/duty/assess-duty.js";
import { type KnownDraws, verifyOnce } from "#shared/duty/known-draws.js";
import type { VoteVerdict } from "#shared/duty/majority.js";
import type { Task } from "#shared/duty/task.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Reputations } from "#shared/reputation/agreed-reputations.js";
import {
  type AssessedCycle,
  assessedCycle,
  memberAssessor,
  refutedEvidence,
  tasksToRecompute,
} from "#shared/settlement/assess-members.js";
import { type ClosedCycle, closeCycle } from "#shared/settlement/close-cycle.js";
import type { CloseInputs, Member } from "#shared/settlement/cycle-inputs.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { verifyVrf } from "#shared/wallet/index.js";
import { fetchChecks, readExchangedChecks } from "../committed-checks.js";
import type { Recomputed } from "../profile/recomputed.js";
import { readSprint } from "../read-sprint.js";
import type { Recomputer } from "../recomputer.js";
import {
  type CommittedDocument,
  committedAnswers,
  committedDuties,
  fetchAnswers,
  fetchDuty,
} from "./committed-documents.js";
import { isCutOff } from "./cut-off.js";
import { type DutyBasis, type KnownTasks, readDutyBasis } from "./duty-inputs.js";
import { type FetchDocument, fetchDocuments } from "./fetch-documents.js";
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
  /**
   * Ascending by hotkey. None where nobody can be heard of the Sprint: no proof is settled, so there are no tasks, and it is an idle cycle of every
   * host.
   */
  readonly parts: readonly DutyPart[];
  /** Member → why its duty document or answers do not count. Without those that it did not commit to. */
  readonly problems: ReadonlyMap<string, string>;
  /** Members that committed to a duty document or to answers. */
  readonly committed: ReadonlySet<string>;
  /** Executors of false wins that validators' checks name: their fraud is proven without members' documents. */
  readonly accusedByValidators: ReadonlySet<string>;
  /** Whether every committed document and proof that may change it was available. If not, others may close it otherwise. */
  readonly isWhole: boolean;
}

export interface ReadDutyOptions {
  readonly cycle: number;
  readonly sprint: SprintWithDuty;
  /** `membersBy` the weights confirmed before the Sprint. */
  readonly members: readonly Member[];
  /** Agreed in the Sprint before: they decide how often each host's wins are checked. */
  readonly reputations: Reputations;
  readonly recomputer: Pick<Recomputer, "losersOf" | "recomputeAll">;
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
  tasks: new Map(),
  draws: new Map(),
  recomputed: new Map(),
  failed: new Set(),
});

/**
 * Closes a Sprint's duty once the exchange phase after it is over: a pure function of chain state, of the documents and proofs that it names by hash,
 * and of recomputing the wins that somebody says are none.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state; what recomputing throws
 */
export const readDuty = async (
  source: CycleSource,
  { isOver = () => false, known = newDutyMemory(), ...closing }: ReadDutyOptions,
): Promise<DutyResult> => {
  const { cycle, sprint, members, recomputer } = closing;
  const [beacon, auditSeed, committedToDuties, committedToAnswers] = await Promise.all([
    readSprintSeed(source, { cycle, purpose: "sprint-duty" }),
    readSprintSeed(source, { cycle, purpose: "sprint-audit" }),
    committedDuties(source, cycle),
    committedAnswers(source, cycle),
  ]);
  const { duties, answers, basis, accused } = await fetchAll(
    source,
    { ...closing, isOver, known },
    { beacon, committedToDuties, committedToAnswers },
  );
  const inputs: CloseInputs = {
    ...basis.inputs,
    audit: auditRules(sprint),
    assigned: new Map(),
    auditSeed,
    duties: duties.documents,
    answers: answers.documents,
    relayBeacon: beacon,
    planted: new Map(),
    plantedCommitments: new Map(),
  };
  const assessed = await assessAll(inputs, members, {
    isJudged: basis.isWhole && accused.isWhole && !isCutOff(members, [duties, answers]),
    unknown: new Set([...duties.unknown, ...answers.unknown]),
    draws: known.draws,
  });
  const { truths, digests } = await recomputeDoubted(inputs, assessed, {
    accused: accused.nonces,
    proofs: basis.proofs,
    recomputer,
    recomputed: known.recomputed,
  });
  const closed = closeCycle(inputs, assessed, truths, refutedEvidence(inputs, assessed, digests));
  return {
    cycle,
    // Documents of strangers are not kept once they are judged.
    inputs: { ...inputs, duties: new Map(), answers: new Map() },
    closed,
    parts: basis.isHeard ? dutyParts(inputs, closed) : [],
    problems: new Map([...answers.problems, ...duties.problems]),
    committed: new Set([...duties.committed, ...answers.committed]),
    accusedByValidators: new Set(
      inputs.tasks.flatMap(({ task }) =>
        isAccused(task, accused.nonces) && closed.verdicts.get(task.id)?.verdict === "invalid" ? [task.executor] : [],
      ),
    ),
    isWhole: basis.isWhole && accused.isWhole && (!basis.isHeard || (duties.isWhole && answers.isWhole)),
  };
};

interface Committed {
  /** The seed of duty. */
  readonly beacon: string;
  /** Member → what it committed to. */
  readonly committedToDuties: ReadonlyMap<string, CommittedDocument>;
  readonly committedToAnswers: ReadonlyMap<string, CommittedDocument>;
}

/** Fetches all that a Sprint's duty is closed with, at once: a slow server of one kind does not use up the time of another. */
const fetchAll = async (
  source: CycleSource,
  { cycle, sprint, members, reputations, recomputer, isOver, known }: Required<ReadDutyOptions>,
  { beacon, committedToDuties, committedToAnswers }: Committed,
) => {
  const fetchEach = <T>(committed: ReadonlyMap<string, CommittedDocument>, fetch: FetchDocument<T>) =>
    fetchDocuments(members, { committed, fetch, isOver, failed: known.failed });
  const readBasis = async () => {
    const settled = await readSprint(source, { cycle, sprint, recomputer });
    const executors = settledExecutors(settled);
    const drawing = { cycle, sprint, members, reputations, beacon, executors, known: known.tasks };
    const read = await readDutyBasis(source, drawing);
    return { ...read, isWhole: read.isWhole && settled.isWhole, isHeard: settled.reputations !== null };
  };
  const [duties, answers, basis, accused] = await Promise.all([
    fetchEach(committedToDuties, (one) => fetchDuty(source, cycle, one)),
    fetchEach(committedToAnswers, (one) => fetchAnswers(source, cycle, one)),
    readBasis(),
    accusedByValidators(source, cycle),
  ]);
  return { duties, answers, basis, accused };
};

interface Assessing {
  /** Whether anything is held against a member: not where this machine lacks what its tasks are drawn over. */
  readonly isJudged: boolean;
  /** Members that nothing is held against. */
  readonly unknown: ReadonlySet<string>;
  readonly draws: KnownDraws;
}

/** What each member did of its duty. Other work of the program goes on meanwhile. */
const assessAll = async (
  inputs: CloseInputs,
  members: readonly Member[],
  { isJudged, unknown, draws }: Assessing,
): Promise<AssessedCycle> => {
  const assess = memberAssessor(inputs, verifyOnce(verifyVrf, draws));
  const assessments = new Map<string, DutyAssessment>();
  for (const member of members) {
    const assessment = await assess(member);
    const isUnknown = !isJudged || unknown.has(member.hotkey);
    assessments.set(member.hotkey, isUnknown ? withoutMisses(assessment) : assessment);
    await yieldToEvents();
  }
  return assessedCycle(inputs, assessments, verifyVrf);
};

interface Recomputing {
  /** `accusedByValidators`. */
  readonly accused: ReadonlySet<string>;
  readonly proofs: DutyBasis["proofs"];
  readonly recomputer: Pick<Recomputer, "recomputeAll">;
  /** What is recomputed is added. */
  readonly recomputed: DutyMemory["recomputed"];
}

/** Recomputes the wins that somebody says are none, or on which a member's evidence is looked at. @returns by task id */
const recomputeDoubted = async (
  inputs: CloseInputs,
  assessed: AssessedCycle,
  { accused, proofs, recomputer, recomputed }: Recomputing,
) => {
  const doubted = new Set(tasksToRecompute(inputs, assessed).map(({ id }) => id));
  const doubtful = inputs.tasks.flatMap(({ task }) =>
    task.kind === "sprint-win" && (doubted.has(task.id) || isAccused(task, accused)) ? [task] : [],
  );
  const claims = [...proofs].map(([executor, of]) => {
    const tasks = doubtful.filter((task) => task.executor === executor && !recomputed.has(task.id));
    return { of, tasks, nonces: tasks.map(({ subject }) => subject.nonce) };
  });
  const found = await recomputer.recomputeAll(claims);
  for (const [i, { tasks }] of claims.entries())
    for (const [j, { id }] of tasks.entries()) recomputed.set(id, found[i]![j]!);
  const truths = new Map<string, VoteVerdict>();
  const digests = new Map<string, string>();
  for (const { id } of doubtful) {
    const { isWin, digest } = recomputed.get(id)!;
    truths.set(id, isWin ? "valid" : "invalid");
    digests.set(id, digest);
  }
  return { truths, digests };
};

/** @param accused `accusedByValidators` */
const isAccused = (task: Task, accused: ReadonlySet<string>): boolean =>
  task.kind === "sprint-win" && accused.has(`${task.executor} ${task.subject.nonce}`);

/** Documents of checks that are fetched at once: one that comes slowly does not hold up the others. */
const CHECKS_AT_ONCE = 32;

/** Nonces that voting validators say are no wins, each as `<hotkey> <nonce>`: who called one valid is refuted by its recomputation. */
const accusedByValidators = async (source: CycleSource, cycle: number) => {
  const { committed } = await readExchangedChecks(source, cycle);
  const nonces = new Set<string>();
  let isWhole = true;
  const settling = committed.filter(({ counts, isUnheard }) => counts || isUnheard);
  await mapLimited(settling, CHECKS_AT_ONCE, async (one) => {
    try {
      const checks = await fetchChecks(source, cycle, one);
      if (!checks.ok) return;
      for (const { hotkey, nonce } of checks.value.entries) if (nonce !== null) nonces.add(`${hotkey} ${nonce}`);
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      isWhole = false;
    }
  });
  return { nonces, isWhole };
};
