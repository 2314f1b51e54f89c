import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { MeasuringTime } from "#shared/scoring/measuring-time.js";

/** Blocks kept free at the end of the evaluate phase to put the report on chain. */
const BLOCKS_TO_REPORT = 2;

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

/** A late block leaves some time, but nobody knows how much. */
const SOME_MS = 1;

/**
 * The time for measuring, until the report must go out. It is over when that block is here, whatever was expected. If the chain's pace is
 * unknown, it lasts until that block.
 */
export const timeToMeasure = (
  { clock, network }: Timed,
  cycle: number,
  timer: BlockTimer | undefined,
  now?: () => number,
): MeasuringTime => timeUntil(clock, phaseWindow(cycle, "evaluate", network.phases).end - BLOCKS_TO_REPORT, timer, now);

/** The same until the block `last`. */
export const timeUntil = (
  clock: Pick<Participant["clock"], "head">,
  last: number,
  timer: BlockTimer | undefined,
  now: () => number = Date.now,
): MeasuringTime => ({
  // Not the clock of `left`, which may be set while something is measured.
  now: () => performance.now(),
  left: () => {
    const blocks = last - clock.head.number;
    if (blocks <= 0) return 0;
    const [expected, pace] = [timer?.expected(last), timer?.blockTime()];
    if (expected === undefined || pace === undefined) return Number.POSITIVE_INFINITY;
    // The next block is not here yet, so the time of all blocks after it remains.
    return Math.max(SOME_MS, (blocks - 1) * pace, expected - now());
  },
});
