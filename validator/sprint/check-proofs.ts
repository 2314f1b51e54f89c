import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { type InTurn, inTurns } from "#shared/blobs/in-turns.js";
import { readEntrants, type SprintEntrant } from "#shared/compute/entrants.js";
import type { ClaimedNonces } from "#shared/compute/profile/profile.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { proofDeadlines } from "#shared/compute/proof-deadlines.js";
import { type EntrantWithProof, hasProof, readProofInTurn } from "#shared/compute/read-proof.js";
import type { Recomputer } from "#shared/compute/recomputer.js";
import { reasonOf } from "#shared/errors/error.js";
import { againAtBlocks, isTimeLeft, type Patience } from "#shared/participant/at-every-block.js";
import { awaitSprintSeed } from "#shared/participant/await-seeds.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { type CheckEntry, type CheckReason, verdictOfCheck } from "#shared/protocol/checks.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import type { PlayedSprint } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { DIGEST_BYTES } from "#shared/sprint/proof/nonces-tree.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";

/** Proofs that are in memory at the same time. */
const PROOFS_AT_ONCE = 16;

export interface Checking {
  readonly participant: Participant;
  readonly cycle: number;
  readonly sprint: PlayedSprint;
  readonly recomputer: Pick<Recomputer, "losers" | "portion">;
}

/** Verdicts, and the seed that drew the nonces that were recomputed. */
interface Checked {
  readonly entries: readonly CheckEntry[];
  readonly seed: string | null;
}

/**
 * A validator's verdicts on the proofs of a Sprint, all but its own: it fetches each, and recomputes the wins that its
 * sample seed draws. It computes in the exchange phase and in the next train phase alone, when no score, ballot or
 * merge waits for the machine. A proof that it has no time for is abstained on.
 *
 * @returns by ascending uid, and the seed of its sample: null if there was nothing to check
 */
export const checkProofs = async (checking: Checking): Promise<Checked> => {
  const { participant, cycle, sprint } = checking;
  const { clock, network, signer, signal } = participant;
  await clock.reach(phaseWindow(cycle, "exchange", network.phases).start, signal);
  const committed = await readEntrants(participant, cycle, sprint.isIdle);
  const proofs = committed.filter(hasProof).filter(({ hotkey }) => hotkey !== signer.address);
  if (proofs.length === 0) return { entries: [], seed: null };
  const seed = await awaitSprintSeed(participant, { cycle, purpose: "sprint-sample" });
  const { validators } = proofDeadlines(cycle, network, sprint);
  const deadline = Math.max(validators, clock.head.number + 1);
  const reading = inTurns(PROOFS_AT_ONCE, signal);
  const computing = inTurns(1, signal);
  const entries = await untilBlock(clock, deadline, signal, (until) =>
    Promise.all(
      proofs.map(async (proof): Promise<CheckEntry> => {
        try {
          const fetched = await fetchProof(checking, { proof, seed, until, deadline, reading });
          return "problem" in fetched
            ? entryOf(proof, fetched.problem)
            : await computing(() => recompute(checking, proof, fetched));
        } catch (thrown) {
          signal.throwIfAborted();
          return entryOf(proof, { reason: "validator_failed", detail: reasonOf(thrown) });
        }
      }),
    ),
  );
  return { entries, seed };
};

interface Fetching extends Patience {
  readonly proof: EntrantWithProof;
  /** Of the sample. */
  readonly seed: string;
  readonly reading: InTurn;
}

/** What is kept of a proof: what it says of the nonces to recompute, ascending, however many it has. */
interface Sample extends ClaimedNonces {
  /** Number of those that the sample is drawn of. */
  readonly items: number;
}

/**
 * Asks for a proof at every block until its deadline, and draws its sample if it is a proof as far as its bytes show.
 * It is read once: a million wins take seconds to read, and its server may be gone the next time.
 */
const fetchProof = async (
  { participant, cycle, sprint }: Checking,
  { proof, seed, reading, ...wait }: Fetching,
): Promise<Sample | { readonly problem: Finding }> => {
  const { signal, signer } = participant;
  let isAsked = false;
  const onAsked = () => {
    isAsked = true;
  };
  const source = cycleSource(participant, { until: wait.until, onAsked });
  const profile = profileOf(sprint);
  let fault: string | null = null;
  // A proof that nobody was asked for is this validator's own want of time, and says nothing of the miner.
  const outOfTime = (): Finding =>
    isAsked || fault !== null
      ? { reason: "unreachable", detail: fault }
      : { reason: "no_time", detail: "no time was left to ask for it" };
  const mayCome = (thrown: unknown, tried: number): boolean => {
    // Where the wait is over, what ended it says nothing of the server.
    if (wait.until.aborted || !isFetchFault(thrown)) return false;
    fault = reasonOf(thrown);
    return isTimeLeft(wait, tried);
  };
  const draw = async (): Promise<Sample | { readonly problem: Finding }> => {
    const read = await readProofInTurn(source, { cycle, sprint }, proof, reading);
    if (!read.ok) return { problem: { reason: "malformed", detail: read.detail } };
    const { items, claimed } = read.value;
    const of = { seed, verifier: signer.address, proofHash: proof.record.proof };
    const drawn = sampleWins({ ...of, wins: items, size: profile.test(sprint).size });
    return { items, ...claimed(drawn) };
  };
  try {
    return await againAtBlocks(participant, mayCome, draw);
  } catch (thrown) {
    signal.throwIfAborted();
    if (wait.until.aborted || isFetchFault(thrown)) return { problem: outOfTime() };
    throw thrown;
  }
};

/** Recomputes the sample of one proof, portion by portion, as long as there is time. */
const recompute = async (
  { participant, cycle, sprint, recomputer }: Checking,
  proof: EntrantWithProof,
  { items, nonces: sample, digests }: Sample,
): Promise<CheckEntry> => {
  const counted = { wins: items };
  const { test, failure } = profileOf(sprint);
  const { reject } = test(sprint);
  const failed: number[] = [];
  // The seeds of the Sprint's network are read of the chain. One that does not answer at a block costs no verdict.
  const { end: due } = recordWindow("checks", cycle, participant.network);
  const limit = { name: `the check of the proof of ${proof.hotkey}`, deadline: due - BLOCKS_TO_RECORD };
  const losersOf = (...asked: Parameters<typeof recomputer.losers>) =>
    throughFaults(participant, limit, () => recomputer.losers(...asked), isFetchFault);
  for (let checked = 0; checked < sample.length; ) {
    if (!(await hasTime(participant, cycle))) {
      const detail = `${checked} of ${sample.length} ${digests.length > 0 ? "nonces" : "wins"} recomputed`;
      return entryOf(proof, { ...counted, reason: "no_time", checked, detail });
    }
    const end = checked + recomputer.portion;
    const portion = sample.slice(checked, end);
    failed.push(...(await losersOf(proof, portion, digests.subarray(DIGEST_BYTES * checked, DIGEST_BYTES * end))));
    checked += portion.length;
    if (failed.length < reject) continue;
    const nonce = failed[0]!;
    return entryOf(proof, {
      ...counted,
      reason: failure.reason,
      checked,
      nonce,
      detail: failure.text(failed, checked),
    });
  }
  const detail = failed.length > 0 ? failure.text(failed, sample.length) : null;
  return entryOf(proof, { ...counted, reason: null, checked: sample.length, detail });
};

/** Waits until the validator's machine has nothing else to do. False if the record must go out first. */
const hasTime = async (
  { clock, network, signal }: Pick<Participant, "clock" | "network" | "signal">,
  cycle: number,
): Promise<boolean> => {
  const exchange = phaseWindow(cycle, "exchange", network.phases);
  const { start, end } = recordWindow("checks", cycle, network);
  if (clock.head.number >= exchange.end) await clock.reach(start, signal);
  return clock.head.number < end - BLOCKS_TO_RECORD;
};

/** What was found of a proof. A reason of null: it is valid. */
type Finding = { readonly reason: CheckReason | null } & Partial<
  Pick<CheckEntry, "detail" | "wins" | "checked" | "nonce">
>;

const entryOf = (
  { uid, hotkey, record }: Pick<SprintEntrant, "uid" | "hotkey"> & { readonly record: { readonly proof: string } },
  { reason, detail = null, wins = null, checked = 0, nonce = null }: Finding,
): CheckEntry => ({
  uid,
  hotkey,
  proof: record.proof,
  verdict: reason === null ? "valid" : verdictOfCheck(reason),
  reason,
  detail: detail === null ? null : asciiLine(detail),
  wins,
  checked,
  nonce,
});
