import type { Head } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { BlockClock } from "./block-clock.js";
import type { Participant } from "./participant.js";

/** Predicts the times of future blocks. */
export interface BlockTimer {
  /** Milliseconds between blocks; undefined until two are known. */
  blockTime(): number | undefined;
  /** The expected time of a block, in milliseconds of the wall clock as it stands now. Undefined while the chain's pace is unknown. */
  expected(block: number): number | undefined;
}

/** Number of heads that the pace is measured on. */
const WINDOW = 32;

/** A faster pace means that blocks are made on demand, so nobody knows when the next one comes. */
const LEAST_BLOCK_MS = 100;

/** If the faster blocks come in less than this share of the median time, blocks come in bursts, and there is no pace. */
const LEAST_EVEN = 1 / 2;

/**
 * A chain whose clock is further from this machine's wall clock does not make its blocks by a clock: it is a copy of an older chain, or a
 * simulation whose time passes with each block.
 */
const FARTHEST_MS = 24 * 3_600_000;

type Timed = Pick<Head, "number" | "timestamp">;

export interface BlockTimerOptions {
  /** A block before the head, so that the pace is known at once. */
  readonly before?: Timed | undefined;
  /** The wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
  /** The same of a clock that nobody sets, and that may stand still while the machine sleeps. */
  readonly elapsed?: () => number;
}

/** What the wall clock said when the process began, and the time since. */
const steadyNow = (): number => performance.timeOrigin + performance.now();

/**
 * Measures the chain's pace from the timestamps of its heads, until the signal aborts. This machine's clock may differ from the chain's, and may be
 * set meanwhile: heads are timed by one that is not. A head cannot arrive before it is made, so the least delay seen is taken as the difference. The
 * clock that nobody sets falls behind by what the machine sleeps, in the end by days: whether the chain keeps time is asked of the other one.
 */
export const startBlockTimer = (
  clock: BlockClock,
  signal: AbortSignal,
  { before, now = Date.now, elapsed = steadyNow }: BlockTimerOptions = {},
): BlockTimer => {
  const seen: { readonly head: Timed; readonly delay: number; readonly apart: number }[] = [];
  const see = (head: Timed, delay = elapsed() - head.timestamp) => {
    if (head.number <= (seen.at(-1)?.head.number ?? -1)) return;
    seen.push({ head, delay, apart: Math.abs(now() - head.timestamp) });
    if (seen.length > WINDOW) seen.shift();
  };
  // Its arrival was not observed, so it gives no delay.
  if (before) see(before, Number.POSITIVE_INFINITY);
  see(clock.head);
  clock.onHead((head) => see(head), signal);

  const leastDelay = () => Math.min(...seen.map(({ delay }) => delay));

  const blockTime = () => {
    if (Math.min(...seen.map(({ apart }) => apart)) > FARTHEST_MS) return undefined;
    const paces = seen.slice(1).map(({ head }, i) => {
      const before = seen[i]!.head;
      return (head.timestamp - before.timestamp) / (head.number - before.number);
    });
    // The median: a chain that paused once has not become slower.
    const sorted = paces.sort((a, b) => a - b);
    const [quick, pace] = [sorted[Math.floor(sorted.length / 4)], sorted[Math.floor(sorted.length / 2)]];
    if (quick === undefined || pace === undefined || pace < LEAST_BLOCK_MS) return undefined;
    return quick < LEAST_EVEN * pace ? undefined : pace;
  };

  return {
    blockTime,
    expected(block) {
      const pace = blockTime();
      if (pace === undefined) return undefined;
      const { head } = seen.at(-1)!;
      const left = head.timestamp + leastDelay() + (block - head.number) * pace - elapsed();
      return now() + left;
    },
  };
};

/** A timer that knows the pace at once: a participant that starts close to the end of a phase has no block to spare for measuring it. */
export const openBlockTimer = async ({
  chain,
  clock,
  signal,
}: Pick<Participant, "chain" | "clock" | "signal">): Promise<BlockTimer> => {
  const number = clock.head.number - 1;
  if (number < 1) return startBlockTimer(clock, signal);
  try {
    return startBlockTimer(clock, signal, { before: { number, timestamp: await chain.timestamp(number) } });
  } catch (thrown) {
    // The pace is then known one block later.
    if (thrown instanceof BlockZeroError) return startBlockTimer(clock, signal);
    throw thrown;
  }
};
