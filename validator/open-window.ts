import { BlockZeroError } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { type BlockRange, type Phase, phaseWindow } from "#shared/protocol/phases.js";

/**
 * The window of a phase whose record can still be put on chain. Making a record takes blocks. A record that cannot be in time must not
 * delay other work.
 *
 * @throws BlockZeroError WINDOW_MISSED
 */
export const openWindow = ({ clock, network }: Participant, cycle: number, phase: Phase): BlockRange => {
  const window = phaseWindow(cycle, phase, network.phases);
  if (clock.head.number < window.end - 1) return window;
  throw new BlockZeroError(
    "WINDOW_MISSED",
    `the ${phase} phase ended at block ${window.end}`,
    "nothing to do: the other validators decide this cycle; be up when the phase begins",
  );
};
