import type { BlockTimer } from "./block-timer.js";
import type { Participant } from "./participant.js";

/** A late block leaves some time, but nobody knows how much. */
const SOME_MS = 1;

/**
 * Milliseconds until a block. 0 once it is here, whatever was expected; infinity while the chain's pace is unknown: work then goes on until the block
 * is here.
 *
 * @param now of the timer's clock
 */
export const millisecondsUntil = (
  { head }: Pick<Participant["clock"], "head">,
  block: number,
  timer: BlockTimer | undefined,
  now = Date.now(),
): number => {
  const blocks = block - head.number;
  if (blocks <= 0) return 0;
  const [expected, pace] = [timer?.expected(block), timer?.blockTime()];
  if (expected === undefined || pace === undefined) return Number.POSITIVE_INFINITY;
  // The next block is not here yet, so the time of all blocks after it remains.
  return Math.max(SOME_MS, (blocks - 1) * pace, expected - now);
};
