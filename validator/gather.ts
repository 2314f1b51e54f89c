import type { BaseModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type GateResult, gateSubmission } from "./gated-updates.js";
import { readSubmissions, type Submission } from "./submissions.js";

/** A submission and what the gates say of it. */
export interface Gated {
  readonly submission: Submission;
  readonly result: GateResult;
}

/** Submissions fetched at the same time. */
const CONCURRENT_FETCHES = 4;
/** Share of the evaluate phase after which nobody is waited for any more: the rest is for computing and reporting. */
const PATIENCE = 1 / 3;

/**
 * Fetches and gates a cycle's submissions, from the last block of the reveal phase on. A miner that cannot be reached is tried again
 * at every block, and one that answers slowly is waited for, until a third of the evaluate phase has passed.
 */
export const gatherUpdates = async (
  participant: Participant,
  base: BaseModel,
  cycle: number,
): Promise<readonly Gated[]> => {
  const { clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const deadline = start + Math.floor((end - start) * PATIENCE);
  const patience = new AbortController();
  const gathered = AbortSignal.any([signal, patience.signal]);
  void clock.reach(deadline, gathered).then(
    () => patience.abort(),
    () => {},
  );
  try {
    const gate = (submission: Submission) =>
      gateSubmission(participant, submission, { base, cycle, until: patience.signal });
    const submissions = await readSubmissions(participant, cycle);
    let gated = await mapLimited(submissions, CONCURRENT_FETCHES, async (submission) => ({
      submission,
      result: await gate(submission),
    }));
    while (gated.some(isUnreachable) && clock.head.number < deadline) {
      await clock.reach(clock.head.number + 1, signal);
      gated = await mapLimited(gated, CONCURRENT_FETCHES, async (last) =>
        isUnreachable(last) ? { ...last, result: await gate(last.submission) } : last,
      );
    }
    return blameSelf(gated);
  } finally {
    patience.abort();
  }
};

const isUnreachable = ({ result }: Gated): boolean => !result.ok && result.reason === "unreachable";

/** Where no miner at all could be reached, the fault is more likely ours than everybody's. */
const blameSelf = (gated: readonly Gated[]): readonly Gated[] => {
  const revealed = gated.filter(({ submission }) => submission.reveal);
  if (revealed.length < 2 || !revealed.every(isUnreachable)) return gated;
  return gated.map((one) =>
    isUnreachable(one) && !one.result.ok ? { ...one, result: { ...one.result, reason: "validator_failed" } } : one,
  );
};

const mapLimited = async <T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await map(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
};
