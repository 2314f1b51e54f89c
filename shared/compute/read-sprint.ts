import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { inTurns } from "#shared/blobs/in-turns.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Checks } from "#shared/protocol/checks.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { confirmedCycle, type PlayedSprint } from "#shared/protocol/sprint.js";
import { type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { agreedReputations, type Reputations } from "#shared/reputation/agreed-reputations.js";
import { NOT_ACCUSED, readAccused } from "./accused.js";
import { type ExchangedChecks, fetchChecks, readExchangedChecks } from "./committed-checks.js";
import type { SettledPart } from "./confirmed.js";
import { readEntrants, type SprintEntrant } from "./entrants.js";
import { type SprintOutcome, settleProof, votesOn } from "./outcome.js";
import type { Recomputer } from "./recomputer.js";

/** A voting validator of a Sprint, and what became of its checks. */
export interface CheckedBy {
  readonly hotkey: string;
  readonly stake: bigint;
  /** Its checks, if they count or are unheard. */
  readonly checks: Checks | null;
  readonly isUnheard: boolean;
  /** Why it has no checks that count. Null if it has. */
  readonly problem: string | null;
}

/** What later cycles need of a settled Sprint. */
export interface SettledSprint {
  readonly cycle: number;
  /** The cycle whose Sprint it confirms, or whose weights it upholds. Null if it is a Sprint of its own. */
  readonly confirms: number | null;
  readonly outcomes: readonly SettledPart[];
  /**
   * The reputations that validators with more than half of the stake that is there state alike in checks that count or are unheard. Null if nobody
   * can be heard: what was agreed on before goes on.
   */
  readonly reputations: Reputations | null;
  /**
   * Whether every document that counts or is unheard was available, and every proof that a validator named as invalid, but for those that are out of
   * reach. If not, others may settle otherwise.
   */
  readonly isWhole: boolean;
  /** Hash of the block in whose state it was read which checks count. Unset where a former version remembered it. */
  readonly decided?: string | undefined;
}

/** A settled Sprint, with what it was settled by. */
export interface SprintResult extends SettledSprint {
  readonly sprint: PlayedSprint;
  readonly stakes: Stakes;
  /** By ascending uid. */
  readonly proofs: readonly SprintEntrant[];
  readonly outcomes: readonly SprintOutcome[];
  /** Every voting validator, by ascending hotkey. */
  readonly validators: readonly CheckedBy[];
  /**
   * Whether the documents that count and are not available are of less than half of the voting stake. If not, what is missing could have decided
   * every proof, and the outcomes say nothing.
   */
  readonly isReadable: boolean;
}

export interface ReadSprintOptions {
  readonly cycle: number;
  readonly sprint: PlayedSprint;
  readonly recomputer: Pick<Recomputer, "losersOf">;
}

/**
 * Settles a Sprint once the reveal phase after it is over: a pure function of chain state, of the documents and proofs that it names by hash, and
 * of recomputing the nonces that they name.
 *
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state; what recomputing throws
 */
export const readSprint = async (
  source: CycleSource,
  { cycle, sprint, recomputer }: ReadSprintOptions,
): Promise<SprintResult> => {
  const decided = await source.chain.blockHash(lastBlockFor("checksheld", cycle, source));
  const [proofs, { stakes, committed, there, isExchanged }] = await Promise.all([
    readEntrants(source, cycle, sprint.isIdle),
    readExchangedChecks(source, cycle),
  ]);
  const validators = await Promise.all(
    [...stakes].map(async ([hotkey, stake]) => {
      const exchanged = committed.find((one) => one.hotkey === hotkey);
      return { hotkey, stake, ...(await readValidatorChecks(source, cycle, exchanged)) };
    }),
  );
  const heard = validators.filter(({ isUnheard }) => !isUnheard);
  const documents = heard.flatMap(({ checks }) => checks ?? []);
  const others = validators.flatMap(({ checks, isUnheard }) => (checks && isUnheard ? [checks] : []));
  const gone = sumStake(heard.flatMap(({ isGone, stake }) => (isGone ? [stake] : [])));
  let isWhole = validators.every(({ isGone }) => !isGone);
  const voted = proofs.map((proof) => ({
    proof,
    votes: votesOn(proof, documents, sprint),
    unheard: votesOn(proof, others, sprint),
  }));
  const inTurn = inTurns(ACCUSED_AT_ONCE);
  const read = await Promise.all(
    voted.map((one) => readAccused(source, { ...one, stakes, there, cycle, sprint }, inTurn)),
  );
  if (read.includes(null)) isWhole = false;
  const accused = read.map((one) => one ?? NOT_ACCUSED);
  const losers = await recomputer.losersOf(accused.map(({ named }, i) => ({ of: proofs[i]!, nonces: named })));
  const outcomes = voted.map(({ proof, votes, unheard }, i) => {
    const evidence = { fault: accused[i]!.fault, losers: losers[i]! };
    return settleProof(proof, votes, { sprint, stakes, there, unheard, evidence });
  });
  const statements = validators.map(({ hotkey, checks }) => ({ hotkey, reputations: checks?.reputations ?? [] }));
  return {
    cycle,
    confirms: confirmedCycle(source.network, cycle),
    sprint,
    stakes,
    proofs,
    outcomes,
    reputations: isExchanged ? agreedReputations(statements, { stakes, there }) : null,
    validators: validators.map(({ isGone: _, ...one }) => one).sort((a, b) => compareTexts(a.hotkey, b.hotkey)),
    isWhole,
    decided,
    isReadable: gone === 0n || 2n * gone < sumStake([...stakes.values()]),
  };
};

const readValidatorChecks = async (source: CycleSource, cycle: number, exchanged: ExchangedChecks | undefined) => {
  const silent = { checks: null, isUnheard: false, isGone: false };
  if (!exchanged) return { ...silent, problem: "it committed to no checks in time" };
  const { counts, isUnheard } = exchanged;
  const notHeld = "validators with more than half of the stake do not say that they hold its checks";
  if (!counts && !isUnheard) return { ...silent, problem: notHeld };
  try {
    const checks = await fetchChecks(source, cycle, exchanged);
    if (!checks.ok) return { ...silent, isUnheard, problem: `its checks are unusable: ${checks.problem}` };
    return { checks: checks.value, isUnheard, problem: isUnheard ? notHeld : null, isGone: false };
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    return { ...silent, isUnheard, problem: `its checks cannot be had: ${reasonOf(thrown)}`, isGone: true };
  }
};

/** Proofs that are fetched at once: one that comes slowly does not hold up the others. */
const ACCUSED_AT_ONCE = 8;
