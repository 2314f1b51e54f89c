import { type PrioritySlots, prioritySlots } from "#shared/artifact/store/priority-slots.js";
import type { BaseModel } from "#shared/participant/base-model.js";
import type { Participant } from "#shared/participant/join.js";
import { withPatience } from "#shared/participant/patience.js";
import { sha256 } from "#shared/protocol/hash.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { GateResult } from "#shared/replay/gate-update.js";
import type { CycleSource } from "#shared/replay/source.js";
import { readSubmissions, type Submission } from "#shared/replay/submissions.js";
import { gateSubmission } from "./gated-updates.js";

/** A submission and what the gates say of it. */
export interface Gated {
  readonly submission: Submission;
  readonly result: GateResult;
}

/** Updates whose tensors are looked at, one of each in memory, at the same time. */
const CONCURRENT_CHECKS = 8;
/** More than a subnet has neurons. */
const MAX_WAITING = 65_536;
/** Share of the evaluate phase after which nobody is waited for any more: the rest is for computing and reporting. */
const PATIENCE = 1 / 3;

/**
 * Fetches and gates a cycle's submissions, from the last block of the reveal phase on, in an order that nobody can choose. All are asked for at
 * once; the client gives them their turns. A miner that cannot be reached is tried again at every block, and one that answers slowly
 * is waited for, until a third of the evaluate phase has passed. What we never came to ask for is our failure, not the miner's.
 */
export const gatherUpdates = async (
  participant: Participant,
  base: BaseModel,
  cycle: number,
): Promise<readonly Gated[]> => {
  const { chain, clock, network, signal } = participant;
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const deadline = start + Math.max(1, Math.floor((end - start) * PATIENCE));
  const submissions = shuffled(await readSubmissions(participant, cycle), await chain.blockHash(start - 1));

  return withPatience(clock, deadline, signal, async (patience) => {
    const change = withFewOpen(prioritySlots([CONCURRENT_CHECKS], MAX_WAITING), signal);
    const gate = async (submission: Submission): Promise<Gated> => ({
      submission,
      result: await gateSubmission(participant, submission, { base, cycle, until: patience, change }),
    });
    let gated = await Promise.all(submissions.map(gate));
    for (;;) {
      if (!gated.some(isUnreachable) || clock.head.number >= deadline - 1) return blameSelf(gated);
      await clock.reach(clock.head.number + 1, signal);
      gated = await Promise.all(
        gated.map(async (last) => {
          if (!isUnreachable(last)) return last;
          const again = await gate(last.submission);
          // Who could not be reached before, and was not asked again, could not be reached.
          return patience.aborted && !again.result.ok ? last : again;
        }),
      );
    }
  });
};

/** Of the files that are here a few are open at a time; those that are on their way hold up nobody. */
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

/** In the order of a hash over what no miner knew when it registered. */
const shuffled = (submissions: readonly Submission[], blockHash: string): readonly Submission[] => {
  const key = ({ hotkey }: Submission) => sha256(Buffer.from(`${blockHash} ${hotkey}`));
  return [...submissions].sort((a, b) => (key(a) < key(b) ? -1 : 1));
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
