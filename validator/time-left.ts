import type { BlockTimer } from "#shared/participant/block-timer.js";
import type { Participant } from "#shared/participant/participant.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import type { RaceTime } from "#shared/scoring/racing/run-races.js";

/** Blocks kept free at the end of the evaluate phase to put the report on chain. */
const BLOCKS_TO_REPORT = 2;

type Timed = Pick<Participant, "clock" | "network">;

/**
 * The block at which a share of the evaluate phase has passed: for who is late, of what is left of it. At least one block is.
 *
 * @param share in (0, 1)
 */
export const blockWithin = ({ clock, network }: Timed, cycle: number, share: number): number => {
  const { start, end } = phaseWindow(cycle, "evaluate", network.phases);
  const from = Math.max(start, clock.head.number);
  return from + Math.max(1, Math.floor((end - from) * share));
};

/** A block that is late leaves time, nobody knows how much. */
const SOME_MS = 1;

/**
 * Time to measure in, until the report must go out; over when that block is here, whatever was expected. Where the chain's pace is unknown,
 * there is all the time until then.
 */
export const timeToMeasure = (
  { clock, network }: Timed,
  cycle: number,
  timer: BlockTimer | undefined,
  now: () => number = Date.now,
): RaceTime => {
  const last = phaseWindow(cycle, "evaluate", network.phases).end - BLOCKS_TO_REPORT;
  return {
    now,
    left: () => {
      const blocks = last - clock.head.number;
      if (blocks <= 0) return 0;
      const [expected, pace] = [timer?.expected(last), timer?.blockTime()];
      if (expected === undefined || pace === undefined) return Number.POSITIVE_INFINITY;
      // The next block is not here yet, so there are all those after it.
      return Math.max(SOME_MS, (blocks - 1) * pace, expected - now());
    },
  };
};
