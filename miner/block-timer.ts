import type { Head } from "#shared/chain/chain.js";
import type { BlockClock } from "#shared/participant/block-clock.js";

/** Tells the time of blocks to come. */
export interface BlockTimer {
  /** Milliseconds between blocks; undefined until two are known. */
  blockTime(): number | undefined;
  /** When a block will be here, milliseconds of `now`; undefined while the chain's pace is unknown. */
  expected(block: number): number | undefined;
}

/** Heads that the pace is measured on. */
const WINDOW = 32;

/** No chain keeps such a pace: its blocks are made on demand, and when the next one comes nobody knows. */
const LEAST_BLOCK_MS = 100;

type Timed = Pick<Head, "number" | "timestamp">;

export interface BlockTimerOptions {
  /** A block before the head, so that the pace is known at once. */
  readonly before?: Timed | undefined;
  readonly now?: () => number;
}

/**
 * Measures the chain's pace from the timestamps of its heads, until the signal aborts. This machine's clock need not agree with
 * the chain's: a head cannot arrive before it is made, so the least delay seen is taken for the difference.
 */
export const startBlockTimer = (
  clock: BlockClock,
  signal: AbortSignal,
  { before, now = Date.now }: BlockTimerOptions = {},
): BlockTimer => {
  const seen: { readonly head: Timed; readonly delay: number }[] = [];
  const see = (head: Timed, delay = now() - head.timestamp) => {
    if (head.number <= (seen.at(-1)?.head.number ?? -1)) return;
    seen.push({ head, delay });
    if (seen.length > WINDOW) seen.shift();
  };
  // Nobody saw it come, so it says nothing of delays.
  if (before) see(before, Number.POSITIVE_INFINITY);
  see(clock.head);
  clock.onHead((head) => see(head), signal);

  const blockTime = () => {
    const paces = seen.slice(1).map(({ head }, i) => {
      const before = seen[i]!.head;
      return (head.timestamp - before.timestamp) / (head.number - before.number);
    });
    // The median: a chain that paused once has not become slower.
    const pace = paces.sort((a, b) => a - b)[Math.floor(paces.length / 2)];
    return pace !== undefined && pace >= LEAST_BLOCK_MS ? pace : undefined;
  };

  return {
    blockTime,
    expected(block) {
      const pace = blockTime();
      if (pace === undefined) return undefined;
      const { head } = seen.at(-1)!;
      const delay = Math.min(...seen.map((one) => one.delay));
      return head.timestamp + delay + (block - head.number) * pace;
    },
  };
};
