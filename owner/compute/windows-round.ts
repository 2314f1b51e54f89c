import type { Random } from "#shared/data/random.js";
import { drawSlots } from "#shared/duty/slots.js";
import { MAX_SAMPLE } from "#shared/protocol/sprint.js";
import { type CastVote, settleByRecomputation, settledWeight } from "#shared/sprint/proof/votes.js";
import { MILLION } from "#shared/util/fraction.js";
import { type Claim, checkedWins, claim, findFalse } from "./claims.js";
import type { Member } from "./member.js";
import { type Stay, stayIn, stayInEpoch } from "./presence.js";
import type { ComputeRules } from "./rule-sets.js";
import { creditOf } from "./rules/credit.js";
import { earlyMedian, earlyShare, isBarred, nextEarly } from "./rules/early-share.js";
import type { ComputeScenario } from "./scenario.js";
import { entropyOf, type ProofWindow, windowsOf } from "./timeline.js";

/** Slots of a proof's verifiers: enough that those who are away or silent are hardly ever half of them. */
const CHECKERS = 32;

/** Operations of a nonce, in FLOP: those of the dials `real`. */
const NONCE_FLOP = 4.8e9;

export interface Round {
  readonly rules: ComputeRules;
  readonly scenario: ComputeScenario;
  readonly members: readonly Member[];
  readonly seed: number;
  readonly at: number;
  readonly random: Random;
}

/** What the proofs of an epoch came to. */
export interface WindowsResult {
  /** By member: what was settled of the announced window, and of each confirmation. */
  readonly measured: readonly number[];
  readonly confirmations: readonly (readonly number[])[];
  /** By member: whether a false win was proven. */
  readonly isFraud: readonly boolean[];
  /** By member: the machine's stays, of which each of its hotkeys has the whole. */
  readonly stays: readonly (readonly Stay[])[];
  /** Seconds of one unit of hardware that verifiers spent. */
  readonly verification: number;
}

/** Lets all members prove in the windows of an epoch, and settles what they claim. */
export const proveEpoch = (round: Round): WindowsResult => {
  const { rules, scenario, members, seed, at } = round;
  const windows: readonly (ProofWindow | null)[] =
    rules.proofs === "idle" ? [null] : windowsOf(rules, scenario, { seed, at });
  const stays: readonly (readonly Stay[])[] = members.map(({ kind }) =>
    windows.map((window) => (window === null ? stayInEpoch(kind, scenario) : stayIn(kind, window))),
  );
  const isFraud = members.map(() => false);
  const confirmations: number[][] = members.map(() => []);
  let [measured, verification] = [members.map(() => 0), 0];
  for (const [number, window] of windows.entries()) {
    const seconds = window === null ? scenario.epoch : window.end - window.counted;
    const own = stays.map((stay) => stay[number]!);
    const barred = rules.earlyGuard ? guard(members, own, window?.isAnnounced !== true) : members.map(() => false);
    const weights = members.map((member, i) => {
      const claimed = claimOf(round, member, own[i]!, seconds, number);
      const settled = settle(round, member, claimed);
      verification += settled.verification;
      if (settled.outcome === "invalid") isFraud[i] = true;
      return barred[i] ? 0 : settled.weight;
    });
    if (number === 0) measured = weights;
    else for (const [i, weight] of weights.entries()) confirmations[i]!.push(weight);
  }
  return { measured, confirmations, isFraud, stays, verification };
};

/** Judges the early shares of a window and gives who is barred. */
const guard = (members: readonly Member[], stays: readonly Stay[], isConfirmation: boolean): readonly boolean[] => {
  const counts = stays.map(({ early, proving }) => ({ early, total: proving }));
  const median = earlyMedian(counts.map((count, i) => ({ ...count, weight: members[i]!.voting })));
  return members.map((member, i) => {
    member.early = nextEarly(member.early, { share: earlyShare(counts[i]!), median, isConfirmation });
    return isBarred(member.early);
  });
};

const claimOf = (
  { rules, scenario, seed, at, random }: Round,
  { hotkey, kind, voting }: Member,
  { proving }: Stay,
  seconds: number,
  number: number,
): Claim => {
  const speed = kind.speed / kind.identities;
  const busy = rules.worksOn && kind.presence === "always" ? scenario.utilisation : 0;
  const stretch = {
    nonces: Math.floor(speed * proving * (1 - busy)),
    work: speed * proving * busy * NONCE_FLOP,
  };
  const nonces = creditOf(stretch, { perNonce: NONCE_FLOP, factor: MILLION });
  const expected = voting > 0 ? voting : speed * seconds;
  return claim({ nonces, expected, padding: kind.padding }, entropyOf(seed, "proof", hotkey, at, number), random);
};

/** Verifiers by weight sample the proof; a false win that one names is recomputed by all. */
const settle = ({ members, seed }: Round, { hotkey, voting }: Member, claimed: Claim) => {
  const electorate = members.filter((member) => member.hotkey !== hotkey);
  const slots = drawSlots({
    domain: "blockzero/compute-simulation",
    beacon: entropyOf(seed, "checkers"),
    subject: claimed.hash,
    slots: CHECKERS,
    weights: new Map(electorate.map((member) => [member.hotkey, BigInt(member.voting)])),
  });
  let verification = 0;
  const votes = electorate.flatMap(({ hotkey: verifier, kind }): CastVote[] => {
    if (!slots.has(verifier) || kind.presence !== "always" || kind.verdicts === "silent") return [];
    if (kind.verdicts === "always-valid") return [{ verifier, verdict: "valid", nonce: null }];
    verification += checkedWins(claimed, MAX_SAMPLE) / kind.speed;
    const nonce = findFalse(claimed, verifier, seed);
    return [{ verifier, verdict: nonce === null ? "valid" : "invalid", nonce }];
  });
  const stakes = new Map([...slots].map(([verifier, held]) => [verifier, BigInt(held)]));
  // All wins of a proof are numbered here, so that a win is its own nonce.
  const losers = votes.flatMap(({ nonce }) => (nonce !== null && claimed.falseWins.has(nonce) ? [nonce] : []));
  const { outcome } = settleByRecomputation(votes, { subject: hotkey, members: stakes }, losers);
  return { outcome, weight: settledWeight(outcome, claimed.weight, voting), verification };
};
