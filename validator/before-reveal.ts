import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { phaseWindow } from "#shared/protocol/phases.js";

/**
 * Measures what only people want to know. It begins before the block before a cycle's reveal phase, and ends with that phase's first: from then on a
 * validator has updates to look at.
 *
 * @param measure gets a signal that aborts when the time is over
 * @returns `late` where there is no time, or it is over meanwhile
 * @throws what measuring throws; the signal's reason
 */
export const beforeReveal = async <T>(
  { clock, network, signal }: Pick<Participant, "clock" | "network" | "signal">,
  cycle: number,
  measure: (until: AbortSignal) => Promise<T>,
): Promise<T | "late"> => {
  const { start } = phaseWindow(cycle, "reveal", network.phases);
  if (clock.head.number >= start - 1) return "late";
  return untilBlock(clock, start, signal, async (until) => {
    try {
      return await measure(until);
    } catch (thrown) {
      signal.throwIfAborted();
      if (until.aborted) return "late";
      throw thrown;
    }
  });
};
