import type { BlockTimer } from "#shared/participant/block-timer.js";
import { millisecondsUntil } from "#shared/participant/milliseconds-until.js";
import type { Participant } from "#shared/participant/participant.js";
import { dueBlock, phaseWindow } from "#shared/protocol/phases.js";
import type { MeasuringTime } from "#shared/scoring/measuring-time.js";

type Timed = Pick<Participant, "clock" | "network">;

/**
 * The block at which a share of the evaluate phase has passed. A validator that starts late counts the share from now on. At least one
 * block passes.
 *
 * @param share in (0, 1)
 */
export const blockWithin = ({ clock, network }: Timed, cycle: number, share: number): number => {
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const from = Math.max(start, clock.head.number);
  return from + Math.max(1, Math.floor((end - from) * share));
};

/**
 * The time for measuring, until the report must go out. It is over when that block is here, whatever was expected. If the chain's pace is
 * unknown, it lasts until that block.
 */
export const timeToMeasure = (
  { clock, network }: Timed,
  cycle: number,
  timer: BlockTimer | undefined,
  now?: () => number,
): MeasuringTime => timeUntil(clock, dueBlock(phaseWindow(cycle, "evaluate", network.phases)), timer, now);

/** The same until the block `last`. */
export const timeUntil = (
  clock: Pick<Participant["clock"], "head">,
  last: number,
  timer: BlockTimer | undefined,
  now: () => number = Date.now,
): MeasuringTime => ({
  // Not the clock of `left`, which may be set while something is measured.
  now: () => performance.now(),
  left: () => millisecondsUntil(clock, last, timer, now()),
});
