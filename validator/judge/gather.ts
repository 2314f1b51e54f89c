import { type PrioritySlots, prioritySlots } from "#shared/blobs/priority-slots.js";
import { reasonOf } from "#shared/errors/error.js";
import type { Patience } from "#shared/participant/at-every-block.js";
import { type Decided, isReplaced, readDecided } from "#shared/participant/deciding-block.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import { sha256 } from "#shared/protocol/hash.js";
import { BLOCKS_TO_RECORD, dueBlock, phaseWindow } from "#shared/protocol/phases.js";
import type { GateBase } from "#shared/replay/gate-submission.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readSubmissions, type Submission } from "#shared/replay/submissions.js";
import { blockWithin } from "../time-left.js";
import { type BlamedResult, type BlameOptions, gateWithBlame, mayStillCome } from "./gate-with-blame.js";

/** A submission and the result of its gates. */
export interface Gated {
  readonly submission: Submission;
  readonly result: BlamedResult;
}

/** Greatest number of updates that are checked at the same time, each with one tensor in memory. */
const UPDATES_AT_ONCE = 8;
/** More than the number of neurons in a subnet. */
const MAX_WAITING = 65_536;
/** Share of the evaluate phase in which the validator waits for miners. The rest is for computing and reporting. */
const FETCH_SHARE = 1 / 3;

/** A cycle's submissions in the state of the last block of the reveal phase, and the results of their gates. */
export type Gathered = Decided<readonly Gated[]>;

type Gate = (submission: Submission) => Promise<BlamedResult>;

/**
 * Fetches and gates a cycle's submissions: those revealed early at once, the others from the last block of the reveal
 * phase on, in an order that nobody can choose. All are requested at once; the client limits how many run at a time. A
 * miner that cannot be reached, or that this validator failed to ask, is tried again at every block, whoever else is
 * slow, and a slow one is waited for, until a third of the evaluate phase (or of the rest of it) has passed. If the
 * validator had no time to ask a miner, this is the validator's failure, not the miner's; where it has no update at all
 * by then, it goes on asking.
 *
 * @param onPassed told the group of each update that passes
 */
export const gatherUpdates = async (
  participant: Participant,
  base: GateBase,
  cycle: number,
  onPassed: (group: string) => void = () => {},
): Promise<Gathered> => {
  const options = { base, cycle, onPassed, deadline: blockWithin(participant, cycle, FETCH_SHARE) };
  const gathered = await gating(participant, options, async (gate, wait) => {
    const early = await gateEarly(participant, cycle, gate);
    const { value: submissions, ...decided } = await readRevealed(participant, cycle);
    const gated = await Promise.all(
      submissions.map(async (submission): Promise<Gated> => {
        const tried = await early(submission);
        return tried?.ok ? { submission, result: tried } : gateInTime(participant, wait, submission, gate);
      }),
    );
    return { ...decided, value: blameSelf(gated) };
  });
  return { ...gathered, value: await gatherOn(participant, options, gathered.value) };
};

/**
 * Where no update passed, asks once more for those that this validator failed on, until half of the blocks before its report is due are over: it has
 * nothing to measure, so the wait costs nobody anything. What does not come now either stays this validator's failure.
 */
const gatherOn = async (
  participant: Participant,
  options: Gating,
  gated: readonly Gated[],
): Promise<readonly Gated[]> => {
  const { clock, log, network } = participant;
  const { cycle } = options;
  const { number } = clock.head;
  const deadline = number + Math.floor((dueBlock(phaseWindow(cycle, "evaluate", network.phases)) - number) / 2);
  const failed = gated.filter(hasFailed);
  if (gated.some(({ result }) => result.ok) || failed.length === 0 || deadline <= number) return gated;
  log.warn("no update here yet: asking on for half of the time until the report", { cycle, updates: failed.length });
  return gating(participant, { ...options, deadline }, (gate, wait) =>
    Promise.all(
      gated.map(async (one) => {
        if (!hasFailed(one)) return one;
        const again = await gateInTime(participant, wait, one.submission, gate);
        return mayStillCome(again.result) ? one : again;
      }),
    ),
  );
};

/**
 * The same once more where a fork replaced the block in whose state the submissions were read: it may have one that the
 * other did not, or the other way round. What stayed the same is not asked for again.
 */
export const gatherAgain = async (
  participant: Participant,
  base: GateBase,
  cycle: number,
  before: Gathered,
): Promise<Gathered> => {
  if (!(await isReplaced(participant, before))) return before;
  participant.log.warn("a fork replaced the last block of the reveal phase: reveals are read again", { cycle });
  const deadline = blockWithin(participant, cycle, FETCH_SHARE);
  return gating(participant, { base, cycle, deadline }, async (gate, wait) => {
    const { value: submissions, ...decided } = await readRevealed(participant, cycle);
    const stayed = submissions.flatMap((submission): readonly Gated[] => {
      const known = before.value.find((one) => isSame(one.submission, submission));
      return known ? [{ submission, result: known.result }] : [];
    });
    const kept = new Set(stayed.map(({ submission }) => submission));
    const changed = submissions.filter((submission) => !kept.has(submission));
    const gated = await Promise.all(changed.map((submission) => gateInTime(participant, wait, submission, gate)));
    return { ...decided, value: blameSelf([...stayed, ...gated]) };
  });
};

const readRevealed = async (participant: Participant, cycle: number): Promise<Decided<readonly Submission[]>> => {
  const last = lastBlockFor("reveal", cycle, participant);
  const { value, ...decided } = await readDecided(participant, last, () => readSubmissions(participant, cycle));
  return { ...decided, value: shuffled(value, decided.hash) };
};

interface Gating {
  readonly base: GateBase;
  readonly cycle: number;
  /** Block at which the wait for miners is over. */
  readonly deadline: number;
  /** Told the group of each update that passes. */
  readonly onPassed?: (group: string) => void;
}

const gating = <T>(
  participant: Participant,
  { deadline, onPassed, ...options }: Gating,
  gather: (gate: Gate, wait: Patience) => Promise<T>,
): Promise<T> => {
  const { clock, signal } = participant;
  return untilBlock(clock, deadline, signal, (until) => {
    const gateOne = fewAtOnce(participant, { ...options, until });
    const gate: Gate = async (submission) => {
      const result = await gateOne(submission);
      if (result.ok) onPassed?.(result.update.group);
      return result;
    };
    return gather(gate, { until, deadline });
  });
};

/** Gates with only a few files open at a time. */
const fewAtOnce = (participant: Participant, options: Omit<BlameOptions, "change">): Gate => {
  const change = withFewOpen(prioritySlots([UPDATES_AT_ONCE], { maxWaiting: MAX_WAITING }), participant.signal);
  return (submission) => gateWithBlame(participant, submission, { ...options, change });
};

/** Asks for one that may still come at every block until the deadline: none waits for another's server. */
const gateInTime = async (
  { clock, signal }: Participant,
  { until, deadline }: Patience,
  submission: Submission,
  gate: Gate,
): Promise<Gated> => {
  for (let last: Gated = { submission, result: await gate(submission) }; ; ) {
    if (!mayStillCome(last.result) || clock.head.number >= deadline - 1) return last;
    await clock.reach(clock.head.number + 1, signal);
    const again: Gated = { submission, result: await gate(submission) };
    // A miner that could not be reached before, and was not asked again, counts as unreachable.
    if (again.result.ok || !(until.aborted || hasFailed(again))) last = again;
  }
};

/** Share of the evaluate phase in which other validators are asked for what came too late to be measured. */
const HAND_ON_SHARE = 1 / 2;

/**
 * What did not come in time to be measured, as far as other validators have it. Whoever is to measure an update has it once the wait for
 * miners is over, and hands it on; not all see the same block at the same moment, so they are asked at each block until half of the phase is
 * over. Validators and the owner alone are asked, and not who announced it. Else a miner could show each validator another copy of one
 * training, and each would take its copy for a training.
 */
export const gatherLate = async (
  participant: Participant,
  base: GateBase,
  cycle: number,
  gathered: readonly Gated[],
): Promise<readonly Gated[]> => {
  const { clock, log, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const blocks = (share: number) => Math.max(1, Math.floor((end - start) * share));
  const over = start + blocks(FETCH_SHARE);
  const deadline = Math.max(over + 1, start + blocks(HAND_ON_SHARE));
  const missing = gathered.filter(
    ({ submission: { commitment, reveal }, result }) => commitment && reveal && mayStillCome(result),
  );
  if (missing.length === 0 || deadline > end - BLOCKS_TO_RECORD || clock.head.number >= deadline) return [];
  log.info("updates not here in time: other validators are asked for them", { cycle, updates: missing.length });
  await clock.reach(over, signal);
  return untilBlock(clock, deadline, signal, async (until) => {
    const gate = fewAtOnce(participant, { base, cycle, until, isHandedOn: true });
    const results = await Promise.all(
      missing.map(({ submission }) => gateInTime(participant, { until, deadline }, submission, gate)),
    );
    return results.filter(({ result }) => result.ok);
  });
};

/** Opens only a few of the files that are here at a time. Files that are still on their way block no others. */
const withFewOpen =
  (slots: PrioritySlots, signal: AbortSignal) =>
  (source: CycleSource): CycleSource => ({
    ...source,
    open: async (request) => {
      const file = await source.open(request);
      const release = await slots.acquire(0, signal);
      const close = async () => {
        release?.();
        await file.close();
      };
      return { ...file, close };
    },
  });

/**
 * Gates what is revealed during the reveal phase, one artifact per hotkey. If a hotkey then reveals another artifact,
 * that one waits for the end of the phase, so nobody can keep the validator busy. Resolves at the last block of the
 * phase.
 * @returns the result of a submission, if the submission is still the same
 */
const gateEarly = async (
  participant: Participant,
  cycle: number,
  gate: Gate,
): Promise<(submission: Submission) => Promise<BlamedResult> | undefined> => {
  const { clock, log, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "reveal", network.phases);
  const tried = new Map<string, { readonly submission: Submission; readonly result: Promise<BlamedResult> }>();
  let { number } = await clock.reach(start, signal);
  while (number < end - 1) {
    const submissions = await readSubmissions(participant, cycle, number).catch((thrown: unknown) => {
      signal.throwIfAborted();
      log.warn("early reveals not read, once more at the next block", { cycle, reason: reasonOf(thrown) });
      return [];
    });
    const revealed = submissions.filter(({ hotkey, commitment, reveal }) => commitment && reveal && !tried.has(hotkey));
    for (const submission of revealed) {
      const result = gate(submission);
      // It rejects only on an abort, which also ends the caller's wait.
      result.catch(() => {});
      tried.set(submission.hotkey, { submission, result });
    }
    ({ number } = await clock.reach(number + 1, signal));
  }
  return (submission) => {
    const early = tried.get(submission.hotkey);
    return early && isSame(early.submission, submission) ? early.result : undefined;
  };
};

const isSame = (a: Submission, b: Submission): boolean =>
  a.uid === b.uid &&
  a.hotkey === b.hotkey &&
  a.commitment?.hash === b.commitment?.hash &&
  a.reveal?.artifact === b.reveal?.artifact &&
  a.reveal?.group === b.reveal?.group &&
  a.reveal?.location === b.reveal?.location;

/** Orders by a hash over a value that no miner knew when it registered. */
const shuffled = (submissions: readonly Submission[], blockHash: string): readonly Submission[] => {
  const key = ({ hotkey }: Submission) => sha256(Buffer.from(`${blockHash} ${hotkey}`));
  return [...submissions].sort((a, b) => compareTexts(key(a), key(b)));
};

const isUnreachable = ({ result }: Gated): boolean => !result.ok && result.reason === "unreachable";

/** Whether this validator failed: its chain or its disk did not answer, say, which may be over at the next block. */
const hasFailed = ({ result }: Gated): boolean => !result.ok && result.reason === "validator_failed";

/**
 * If no miner at all could be reached, the fault is more likely this validator's. What was refused without a server's
 * answer, such as a reveal without a commitment, or of a file that is here, shows nobody as reached: it costs a
 * stranger one record.
 */
const blameSelf = (gated: readonly Gated[]): readonly Gated[] => {
  const asked = gated.filter((one) => one.result.ok || one.result.isFetched || isUnreachable(one));
  if (asked.length < 2 || !asked.every(isUnreachable)) return gated;
  return gated.map((one) =>
    isUnreachable(one) && !one.result.ok ? { ...one, result: { ...one.result, reason: "validator_failed" } } : one,
  );
};
