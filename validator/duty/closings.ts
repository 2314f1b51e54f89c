import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { type DutyMemory, newDutyMemory } from "#shared/compute/duty/read-duty.js";
import { regularSprints } from "#shared/compute/sprint-window.js";
import { attempt } from "#shared/participant/attempt.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { underNetworkOf } from "#shared/participant/under-network.js";
import { endOf } from "#shared/participant/within-blocks.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { sprintOf, withDuty } from "#shared/protocol/sprint.js";
import type { Checker } from "../sprint/context.js";
import { closeDuty } from "./close-duty.js";

/** Cycle → what earlier tries to close its Sprint's duty read and verified. */
type Memories = Map<number, DutyMemory>;

/** Cycles for which documents of duty are served after their Sprint could be closed, by who keeps files as long as by default. */
const SERVED = 2;

/** Blocks in which what is missing of an earlier Sprint is asked for: a server may be busy for a moment. */
const RECALL_BLOCKS = 2;

/**
 * Closes the duty of the network's Sprints until the participant's signal aborts, beside the cycles: whatever fails costs that closing and nothing
 * else. Answers are on chain in the exchange phase of the next cycle; choosing and merging come first, so it begins with the cycle after that, and is
 * over before updates are scored. Then those of the window that were closed in part, or missed, are tried again.
 */
export const runClosings = async (checker: Checker): Promise<never> => {
  const { participant, journal } = checker;
  const memories: Memories = new Map();
  const { clock, network, signal } = participant;
  const { cycle: current } = phaseAt(clock.head.number + 1, network.phases);
  for (let cycle = Math.max(0, current - 2); ; cycle++) {
    await clock.reach(phaseWindow(cycle + 2, "distribute", network.phases).start, signal);
    await attempt(participant, { failure: "duty not closed", cycle }, async () => {
      const fetchDeadline = phaseWindow(cycle + 2, "train", network.phases).end - 1;
      const deadline = endOf(participant, phaseWindow(cycle + 2, "evaluate", network.phases).start);
      await closeOnce(checker, cycle, { fetchDeadline, retryDeadline: deadline, deadline, memories });
      const limit = { name: `the Sprints before cycle ${cycle}`, deadline };
      const ask = () => regularSprints(cycleSource(participant), cycle);
      const window = await throughFaults(participant, limit, ask, isFetchFault);
      for (const { cycle: past } of window) {
        // Each that was closed in part, or missed while its documents may still be served, gets one try of two blocks.
        const isServed = past >= cycle - SERVED;
        if (!isServed && !journal.value.duties.some((one) => one.cycle === past)) continue;
        if (clock.head.number >= deadline) break;
        const once = Math.min(clock.head.number + RECALL_BLOCKS, deadline);
        await closeOnce(checker, past, { fetchDeadline: once, retryDeadline: once, deadline, memories });
      }
      const oldest = window[0]?.cycle ?? cycle;
      for (const past of memories.keys()) if (past < oldest) memories.delete(past);
    });
  }
};

interface Closing {
  /** Block until which what is not available is asked for. */
  readonly fetchDeadline: number;
  /** Block until which it is begun again after a fault that may pass. */
  readonly retryDeadline: number;
  /** Block at which it ends. */
  readonly deadline: number;
  readonly memories: Memories;
}

/** Closes a Sprint's duty, unless it has none or was closed in full. */
const closeOnce = async (
  checker: Checker,
  cycle: number,
  { fetchDeadline, retryDeadline, deadline, memories }: Closing,
): Promise<void> => {
  const former = await underNetworkOf(checker, cycle, deadline);
  const sprint = withDuty(sprintOf(former.participant.network, cycle));
  if (!sprint || checker.journal.value.duties.some((one) => one.cycle === cycle && one.isWhole)) return;
  const limit = {
    duty: "close",
    name: `the duty of the Sprint of cycle ${cycle}`,
    deadline,
    retryDeadline,
  } as const;
  const known = memories.get(cycle) ?? newDutyMemory();
  memories.set(cycle, known);
  const close = (participant: Checker["participant"]) =>
    closeDuty({ ...former, participant }, { cycle, sprint, deadline: fetchDeadline, known });
  await attempt(former.participant, { failure: "duty not closed", cycle }, () =>
    dutyThroughFaults(former.participant, limit, close, isFetchFault),
  );
  if (checker.journal.value.duties.some((one) => one.cycle === cycle && one.isWhole)) memories.delete(cycle);
};
