import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Checks } from "#shared/protocol/checks.js";
import { confirmedCycle, type Sprint } from "#shared/protocol/sprint.js";
import type { Stakes } from "#shared/protocol/stake.js";
import type { CycleSource } from "#shared/replay/source.js";
import { accusedNonces, type CastVote } from "#shared/sprint/proof/votes.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { type ExchangedChecks, fetchChecks, readExchangedChecks } from "./committed-checks.js";
import { type CommittedProof, readCommittedProofs } from "./committed-proofs.js";
import type { SprintJudge } from "./judge.js";
import { type Evidence, type SprintOutcome, settleProof, votesOn } from "./outcome.js";
import { isPromised, readProof } from "./read-proof.js";

/** A voting validator of a Sprint, and what became of its checks. */
export interface CheckedBy {
  readonly hotkey: string;
  readonly stake: bigint;
  readonly checks: Checks | null;
  /** Why it has no checks that count. Null if it has. */
  readonly problem: string | null;
}

/** A settled Sprint. */
export interface SprintResult {
  readonly cycle: number;
  /** The cycle whose Sprint it confirms. Null if it is a Sprint of its own. */
  readonly confirms: number | null;
  readonly sprint: Sprint;
  readonly stakes: Stakes;
  /** By ascending uid. */
  readonly proofs: readonly CommittedProof[];
  readonly outcomes: readonly SprintOutcome[];
  /** Every voting validator, by ascending hotkey. */
  readonly heard: readonly CheckedBy[];
  /** Whether every document that counts was available, and every proof that a validator named as invalid. If not, others may settle otherwise. */
  readonly isWhole: boolean;
}

export interface ReadSprintOptions {
  readonly cycle: number;
  readonly sprint: Sprint;
  readonly judge: Pick<SprintJudge, "losers">;
}

/**
 * Settles a Sprint once the reveal phase after it is over: a pure function of chain state, of the documents and proofs that it names by hash, and
 * of recomputing the nonces that they name.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state; what the judge throws
 */
export const readSprint = async (
  source: CycleSource,
  { cycle, sprint, judge }: ReadSprintOptions,
): Promise<SprintResult> => {
  const [proofs, { stakes, committed }] = await Promise.all([
    readCommittedProofs(source, cycle),
    readExchangedChecks(source, cycle),
  ]);
  const heard = await Promise.all(
    [...stakes].map(async ([hotkey, stake]) => {
      const promise = committed.find((one) => one.hotkey === hotkey);
      return { hotkey, stake, ...(await hear(source, cycle, promise)) };
    }),
  );
  const documents = heard.flatMap(({ checks }) => checks ?? []);
  let isWhole = heard.every(({ isGone }) => !isGone);
  const voted = proofs.map((proof) => ({ proof, votes: votesOn(proof, documents, sprint) }));
  const accused = await mapLimited(voted, ACCUSED_AT_A_TIME, (one) => readAccused(source, { ...one, stakes, cycle }));
  if (accused.includes(null)) isWhole = false;
  const outcomes: SprintOutcome[] = [];
  for (const [i, { proof, votes }] of voted.entries()) {
    const { fault, named } = accused[i] ?? NOT_ACCUSED;
    const losers = await judge.losers(proof, named);
    outcomes.push(settleProof(proof, votes, { stakes, evidence: { fault, losers } }));
  }
  return {
    cycle,
    confirms: confirmedCycle(source.network, cycle),
    sprint,
    stakes,
    proofs,
    outcomes,
    heard: heard.map(({ isGone: _, ...one }) => one).sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1)),
    isWhole,
  };
};

const hear = async (source: CycleSource, cycle: number, promise: ExchangedChecks | undefined) => {
  const silent = { checks: null, isGone: false };
  if (!promise) return { ...silent, problem: "it committed to no checks in time" };
  if (!promise.counts)
    return { ...silent, problem: "validators with more than half of the stake do not say that they hold its checks" };
  try {
    const { checks, problem } = await fetchChecks(source, cycle, promise);
    return { checks, problem: problem && `its checks are unusable: ${problem}`, isGone: false };
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    return { ...silent, problem: `its checks cannot be had: ${reasonOf(thrown)}`, isGone: true };
  }
};

/** What speaks against a proof that somebody called invalid, before anything is computed. */
interface Accused {
  readonly fault: Evidence["fault"];
  /** Claimed wins that were named as none, ascending. */
  readonly named: readonly number[];
}

const NOT_ACCUSED: Accused = { fault: null, named: [] };

/** Proofs that are fetched at once: one that comes slowly does not hold up the others. */
const ACCUSED_AT_A_TIME = 8;

interface Accusation {
  readonly proof: CommittedProof;
  readonly votes: readonly CastVote[];
  readonly stakes: Stakes;
  readonly cycle: number;
}

/** Null if the proof's bytes are not available. */
const readAccused = async (
  source: CycleSource,
  { proof, votes, stakes, cycle }: Accusation,
): Promise<Accused | null> => {
  if (!isPromised(proof) || !votes.some(({ verdict }) => verdict === "invalid")) return NOT_ACCUSED;
  try {
    const read = await readProof(source, cycle, proof);
    if (!read.ok) return { fault: read.detail, named: [] };
    const electorate = { subject: proof.hotkey, members: stakes };
    return { fault: null, named: accusedNonces(votes, electorate, read.value.wins) };
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    return null;
  }
};
