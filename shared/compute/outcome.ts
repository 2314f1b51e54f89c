import type { CheckEntry, Checks } from "#shared/protocol/checks.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import type { PlayedSprint, Sprint } from "#shared/protocol/sprint.js";
import { isMoreThanHalf, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
import type { CastVote } from "#shared/sprint/proof/votes.js";
import { percent } from "#shared/util/percent.js";
import type { SprintEntrant } from "./entrants.js";
import { profileOf } from "./profile/profile-of.js";

/**
 * How a neuron's part in a Sprint was settled. `unopposed`: more than half of the stake that is there found it valid, which is not half of the voting
 * stake. `withheld`: more than half of the voting stake, in idle time of that which is there, could not fetch its proof. `absent`: it entered, and
 * committed to no proof in time.
 */
export const OUTCOMES = ["valid", "invalid", "unopposed", "undecided", "withheld", "absent"] as const;

/** The settled result of one neuron's part in a Sprint. */
export interface SprintOutcome {
  readonly uid: number;
  readonly hotkey: string;
  readonly difficulty: number;
  /** Hash of the proof, and what its record says. Null and 0 if absent. */
  readonly proof: string | null;
  readonly wins: number;
  readonly nonces: number;
  readonly outcome: (typeof OUTCOMES)[number];
  /** Why it is invalid: what the proof's bytes are refused for. Null if it is a nonce that does not win, or a vote, and unless invalid. */
  readonly fault: string | null;
  /** The nonce that was recomputed and does not win. */
  readonly nonce: number | null;
  /**
   * Shares of the voting stake, the neuron's own left out, that said so in checks that count; and that said valid with the unheard, by which it is
   * unopposed.
   */
  readonly validBy: number;
  readonly invalidBy: number;
  readonly validWithUnheard: number;
  /**
   * Nonces that it speaks for, and their bounds: by its wins, wins times difficulty and an interval of 95 %; with the float profile all its nonces,
   * less at most the share of false ones that a sample finds. 0 unless it committed to a proof.
   */
  readonly measured: number;
  readonly low: number;
  readonly high: number;
}

/** What anybody who has the proof's bytes and computes finds. */
export interface Evidence {
  /** What the bytes are refused for. Null if they are a proof, or nobody has them. */
  readonly fault: string | null;
  /** Claimed wins that were named as none, and are none. */
  readonly losers: readonly number[];
}

/** Why a proof was settled as invalid. */
export const whyInvalid = ({
  fault,
  nonce,
  invalidBy,
}: Pick<SprintOutcome, "fault" | "nonce" | "invalidBy">): string => {
  if (fault !== null) return asciiLine(fault);
  if (nonce !== null) return `nonce ${nonce} does not win`;
  return `${percent(invalidBy)} of the stake found other outputs`;
};

/** The verdict of a document of checks on one proof: silence if it does not name this proof. */
export const entryOn = (checks: Checks, { uid, hotkey, record }: SprintEntrant): CheckEntry | undefined =>
  checks.entries.find((entry) => entry.uid === uid && entry.hotkey === hotkey && entry.proof === record?.proof);

/** A verdict on a proof, and whether it is that the proof could not be fetched. */
export interface SprintVote extends CastVote {
  readonly isUnreachable: boolean;
}

/** The votes on a proof, one a document. Who says valid must have recomputed its whole sample, else it abstains, as does who says nothing. */
export const votesOn = (
  proof: SprintEntrant,
  documents: readonly Checks[],
  sprint: Pick<Sprint, "profile" | "sample" | "devices">,
): readonly SprintVote[] => {
  const profile = profileOf(sprint);
  const items = proof.record ? profile.items(proof.record) : 0;
  return documents.map((checks): SprintVote => {
    const entry = entryOn(checks, proof);
    if (!entry) return { verifier: checks.validator, verdict: "abstain", nonce: null, isUnreachable: false };
    const isShort = entry.wins !== items || entry.checked < Math.min(profile.test(sprint).size, items);
    const verdict = entry.verdict === "valid" && isShort ? "abstain" : entry.verdict;
    const isUnreachable = entry.reason === "unreachable";
    return { verifier: checks.validator, verdict, nonce: entry.nonce, isUnreachable };
  });
};

/** What a proof is settled with. */
export interface Settling {
  readonly sprint: Pick<PlayedSprint, "profile" | "sample" | "devices" | "isIdle">;
  readonly stakes: Stakes;
  /** Validators that are there, whether their checks count or not. */
  readonly there: ReadonlySet<string>;
  /**
   * Votes of validators whose checks are unheard: they decide whether it is unopposed, or out of reach, and nothing else. What they name is in the
   * evidence.
   */
  readonly unheard: readonly SprintVote[];
  readonly evidence: Evidence;
}

/** Of validators, with the stake of a proof's own hotkey left out. */
const stakeOfOthers = (some: Iterable<string>, hotkey: string, stakes: Stakes): bigint =>
  sumStake([...some].map((one) => (one === hotkey ? 0n : (stakes.get(one) ?? 0n))));

const unreachableTo = (votes: readonly SprintVote[]): readonly string[] =>
  votes.flatMap(({ isUnreachable, verifier }) => (isUnreachable ? [verifier] : []));

/**
 * Whether more than half of the stake that is there could not fetch a proof. What is said against it is then not looked at: nobody could tell whether
 * its bytes come late or not at all, so who accuses it would keep everybody from reading the Sprint in full. Such a proof is withheld or undecided,
 * as one that is served to nobody.
 *
 * @param votes those of whose checks count, and of whose are unheard
 */
export const isOutOfReach = (
  { hotkey }: Pick<SprintEntrant, "hotkey">,
  votes: readonly SprintVote[],
  { stakes, there }: Pick<Settling, "stakes" | "there">,
): boolean =>
  isMoreThanHalf(stakeOfOthers(new Set(unreachableTo(votes)), hotkey, stakes), stakeOfOthers(there, hotkey, stakes));

/**
 * Settles a proof: invalid if its bytes are no proof of this Sprint or a claimed win is none, whoever said so; with the float profile, if validators
 * with more than ⅔ of the voting stake say so. Otherwise valid if validators with more than half of the voting stake recomputed their samples and say
 * so; withheld if so much could not fetch it, in idle time if it is out of reach; unopposed if more than half of the stake that is there says valid,
 * so that only who is away is missing: else less than half could halve a weight by checking nothing. Who is there and not heard counts, and what it
 * says as far as most of who say what they hold do hold its checks: else who says of nobody that it holds its checks could be the only one heard, or
 * choose who is. Else undecided.
 *
 * @param votes one of each validator whose checks count
 */
export const settleProof = (
  proof: SprintEntrant,
  votes: readonly SprintVote[],
  { sprint, stakes, there, unheard, evidence }: Settling,
): SprintOutcome => {
  const { uid, hotkey, difficulty, record } = proof;
  const neuron = { uid, hotkey, difficulty };
  if (record === null)
    return {
      ...neuron,
      proof: null,
      wins: 0,
      nonces: 0,
      outcome: "absent",
      fault: null,
      nonce: null,
      validBy: 0,
      invalidBy: 0,
      validWithUnheard: 0,
      measured: 0,
      low: 0,
      high: 0,
    };
  const profile = profileOf(sprint);
  const electorate = { subject: hotkey, members: stakes };
  const settled = profile.settle(votes, electorate, evidence.losers);
  const { valid } = profile.settle([...votes, ...unheard], electorate, evidence.losers);
  const { weight: measured, low, high } = profile.measure(record, { difficulty, sprint });
  // Else who has no machine in idle time would keep its weight by a proof of made-up wins that it serves to nobody, while others are away.
  const isWithheld = sprint.isIdle
    ? isOutOfReach(proof, [...votes, ...unheard], { stakes, there })
    : isMoreThanHalf(stakeOfOthers(unreachableTo(votes), hotkey, stakes), settled.members);
  const isUnopposed = isMoreThanHalf(valid, stakeOfOthers(there, hotkey, stakes));
  const unsettled = isWithheld ? "withheld" : isUnopposed ? "unopposed" : "undecided";
  const outcome = settled.outcome === "undecided" ? unsettled : settled.outcome;
  const share = (stake: bigint): number => (settled.members === 0n ? 0 : Number(stake) / Number(settled.members));
  return {
    ...neuron,
    proof: record.proof,
    wins: record.wins,
    nonces: record.nonces,
    outcome: evidence.fault !== null ? "invalid" : outcome,
    fault: evidence.fault,
    nonce: evidence.fault !== null ? null : settled.nonce,
    validBy: share(settled.valid),
    invalidBy: share(settled.invalid),
    validWithUnheard: share(valid),
    measured,
    low,
    high,
  };
};
