import type { CheckEntry } from "#shared/protocol/checks.js";
import { isMoreThanHalf, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";

/** One verifier's verdict on one proof. */
export interface CastVote {
  readonly verifier: string;
  /** `abstain`: the verifier could not check, which is no word against the host. */
  readonly verdict: CheckEntry["verdict"];
  /** A claimed win that is none, for anybody to recompute. */
  readonly nonce: number | null;
}

/** What a proof is settled by. */
export interface Electorate {
  /** The host whose proof it is. It has no vote on itself, and its weight is not counted. */
  readonly subject: string;
  /** Hotkey → weight of the members assigned to the proof and capable of checking it, fixed before any of them votes. */
  readonly members: Stakes;
}

export type Outcome = "valid" | "invalid" | "undecided";

/** How a proof was settled, and by what weight. */
export interface ProofSettlement {
  readonly outcome: Outcome;
  /** Weight that voted so, and of all who may vote. */
  readonly valid: bigint;
  readonly invalid: bigint;
  readonly members: bigint;
  /** The proven mismatch that decided. Null if none did. */
  readonly nonce: number | null;
}

/** Each member's vote. None on oneself, none of strangers; who gave two different ones counts as silent. */
const countedVotes = (votes: readonly CastVote[], { subject, members }: Electorate): readonly CastVote[] => {
  const byMember = new Map<string, CastVote | null>();
  for (const vote of votes) {
    if (vote.verifier === subject || !members.has(vote.verifier)) continue;
    const earlier = byMember.get(vote.verifier);
    const isSame = earlier === undefined || (earlier?.verdict === vote.verdict && earlier.nonce === vote.nonce);
    byMember.set(vote.verifier, isSame ? vote : null);
  }
  return [...byMember.values()].filter((vote) => vote !== null);
};

const weigh = (votes: readonly CastVote[], electorate: Electorate) => {
  const { subject, members } = electorate;
  const counted = countedVotes(votes, electorate);
  const of = (verdict: CastVote["verdict"]): bigint =>
    sumStake(counted.filter((vote) => vote.verdict === verdict).map(({ verifier }) => members.get(verifier)!));
  const all = sumStake(members.values()) - (members.get(subject) ?? 0n);
  return { valid: of("valid"), invalid: of("invalid"), members: all };
};

/**
 * Settles a proof of a float profile by vote: invalid by more than ⅔ of the members' weight, valid by more than ½ of it, else undecided. Who
 * abstains or is silent stays in the denominator.
 */
export const settleByVote = (votes: readonly CastVote[], electorate: Electorate): ProofSettlement => {
  const { valid, invalid, members } = weigh(votes, electorate);
  const outcome = 3n * invalid > 2n * members ? "invalid" : isMoreThanHalf(valid, members) ? "valid" : "undecided";
  return { outcome, valid, invalid, members, nonce: null };
};

/**
 * The nonces that members of the electorate say are no wins, ascending: those to recompute. Only what the proof claims can speak against it, so
 * other nonces are left out. Evidence needs no vote: what a member named counts even if it voted twice.
 *
 * @param wins the proof's
 */
export const accusedNonces = (
  votes: readonly CastVote[],
  { members }: Electorate,
  wins: readonly number[],
): readonly number[] => {
  const named = new Set(votes.flatMap(({ verifier, nonce }) => (members.has(verifier) ? (nonce ?? []) : [])));
  return wins.filter((nonce) => named.has(nonce));
};

/**
 * Settles a proof of the exact profile: one proven mismatch makes it invalid, whoever named it. Without one, more than ½ of the members'
 * weight must have said valid, else it is undecided. A vote of invalid that proves nothing is a vote not given.
 *
 * @param losers those of the `accusedNonces` that are no wins, by one's own recomputation
 */
export const settleByRecomputation = (
  votes: readonly CastVote[],
  electorate: Electorate,
  losers: readonly number[],
): ProofSettlement => {
  const { valid, invalid, members } = weigh(votes, electorate);
  const outcome = losers.length > 0 ? "invalid" : isMoreThanHalf(valid, members) ? "valid" : "undecided";
  return { outcome, valid, invalid, members, nonce: losers.length > 0 ? Math.min(...losers) : null };
};

/**
 * The weight after settlement: as measured if valid, 0 if invalid, and no more than was measured if neither: the last confirmed weight if
 * unopposed, half of it if undecided.
 */
export const settledWeight = (outcome: Outcome | "unopposed", measured: number, lastConfirmed: number): number => {
  if (outcome === "unopposed") return Math.min(measured, lastConfirmed);
  if (outcome === "undecided") return Math.min(measured, Math.floor(lastConfirmed / 2));
  return outcome === "valid" ? measured : 0;
};
