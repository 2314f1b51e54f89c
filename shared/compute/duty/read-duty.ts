import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { DutyAnswers } from "#shared/duty/answers-document.js";
import type { DutyAssessment } from "#shared/duty/assess-duty.js";
import type { DutyDocument } from "#shared/duty/duty-document.js";
import type { VoteVerdict } from "#shared/duty/majority.js";
import { reasonOf } from "#shared/errors/error.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Reputation } from "#shared/reputation/reputation.js";
import { assessedCycle, memberAssessor, tasksToRecompute } from "#shared/settlement/assess-members.js";
import { type ClosedCycle, closeCycle } from "#shared/settlement/close-cycle.js";
import type { CloseInputs, Member } from "#shared/settlement/cycle-inputs.js";
import { breathe } from "#shared/util/breathe.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { verifyVrf } from "#shared/wallet/index.js";
import { fetchChecks, readExchangedChecks } from "../committed-checks.js";
import type { SprintJudge } from "../judge.js";
import {
  type CommittedDocument,
  committedAnswers,
  committedDuties,
  fetchAnswers,
  fetchDuty,
  type ReadDocument,
} from "./committed-documents.js";
import { readDutyBasis } from "./duty-inputs.js";
import { type DutyPart, dutyParts } from "./standing.js";

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
  /** After the Sprints before. */
  readonly reputations: ReadonlyMap<string, Reputation>;
  readonly judge: Pick<SprintJudge, "losers">;
}

/** Documents that are fetched at once: one that comes slowly does not hold up the others. */
const CONCURRENT_FETCHES = 32;

/**
 * Closes a Sprint's duty once the exchange phase after it is over: a pure function of chain state, of the documents and proofs that it names by hash,
 * and of recomputing the wins that somebody says are none.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state; what the judge throws
 */
export const readDuty = async (
  source: CycleSource,
  { cycle, sprint, members, reputations, judge }: ReadDutyOptions,
): Promise<DutyResult> => {
  const [beacon, auditSeed, duties, answers] = await Promise.all([
    readSprintSeed(source, { cycle, purpose: "sprint-duty" }),
    readSprintSeed(source, { cycle, purpose: "sprint-audit" }),
    committedDuties(source, cycle),
    committedAnswers(source, cycle),
  ]);
  const basis = await readDutyBasis(source, { cycle, sprint, members, beacon });
  const hear = hearing(members);
  const heardDuties = await hear<DutyDocument>(duties, (one) => fetchDuty(source, cycle, one));
  const heardAnswers = await hear<DutyAnswers>(answers, (one) => fetchAnswers(source, cycle, one));
  const inputs: CloseInputs = {
    ...basis.inputs,
    reputations,
    assigned: new Map(),
    auditSeed,
    duties: heardDuties.documents,
    answers: heardAnswers.documents,
    relayBeacon: beacon,
    planted: new Map(),
    plantedCommitments: new Map(),
  };
  const assess = memberAssessor(inputs, verifyVrf);
  const assessments = new Map<string, DutyAssessment>();
  for (const member of members) {
    assessments.set(member.hotkey, assess(member));
    await breathe();
  }
  const assessed = assessedCycle(inputs, assessments, verifyVrf);
  const accused = await accusedByValidators(source, cycle);
  const doubted = new Set(tasksToRecompute(inputs, assessed).map(({ id }) => id));
  const truths = new Map<string, VoteVerdict>();
  for (const [executor, proof] of basis.proofs) {
    const wins = inputs.tasks
      .flatMap(({ task }) => (task.kind === "sprint-win" && task.executor === executor ? [task] : []))
      .filter(({ id, subject }) => doubted.has(id) || accused.nonces.has(`${executor} ${subject.nonce}`));
    const losers = new Set(
      await judge.losers(
        proof,
        wins.map(({ subject }) => subject.nonce),
      ),
    );
    for (const { id, subject } of wins) truths.set(id, losers.has(subject.nonce) ? "invalid" : "valid");
  }
  const closed = closeCycle(inputs, assessed, truths);
  return {
    cycle,
    // Documents of strangers are not kept once they are judged.
    inputs: { ...inputs, duties: new Map(), answers: new Map() },
    closed,
    parts: dutyParts(inputs.tasks, closed),
    problems: new Map([...heardAnswers.problems, ...heardDuties.problems]),
    isWhole: basis.isWhole && heardDuties.isWhole && heardAnswers.isWhole && accused.isWhole,
  };
};

/** Fetches what members committed to. A document that cannot be had, or is none, counts as one that was not published. */
const hearing =
  (members: readonly Member[]) =>
  async <T>(
    committed: ReadonlyMap<string, CommittedDocument>,
    fetch: (one: CommittedDocument) => Promise<ReadDocument<T>>,
  ) => {
    const documents = new Map<string, T>();
    const problems = new Map<string, string>();
    let isWhole = true;
    await mapLimited(
      members.flatMap(({ hotkey }) => committed.get(hotkey) ?? []),
      CONCURRENT_FETCHES,
      async (one) => {
        try {
          const read = await fetch(one);
          if ("document" in read) documents.set(one.hotkey, read.document);
          else problems.set(one.hotkey, read.problem);
        } catch (thrown) {
          if (!isFetchFault(thrown)) throw thrown;
          isWhole = false;
          problems.set(one.hotkey, `it cannot be had: ${reasonOf(thrown)}`);
        }
      },
    );
    return { documents, problems, isWhole };
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
