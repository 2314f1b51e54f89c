import { setImmediate as yieldToEvents } from "node:timers/promises";

/** Milliseconds since some moment. */
export type Clock = () => number;

export const realClock: Clock = () => performance.now();

/** Laps that count: so many at least, more while they have taken less than `SECONDS`, and so many at most. */
const LEAST_LAPS = 3;
const MOST_LAPS = 9;
const SECONDS = 3;

/**
 * What each of some runs takes, the median of several laps over all of them after one that does not count. Whatever slows the machine down for a
 * moment is then in one lap of every run, and what a run computes with is not in the cache from its last time.
 *
 * @param runs each gives the seconds that count of it
 * @throws the signal's reason when it aborts, before the next run
 */
export const medianSeconds = async (
  runs: readonly (() => Promise<number>)[],
  signal?: AbortSignal,
): Promise<readonly number[]> => {
  const laps: number[][] = [];
  let spent = 0;
  for (let lap = 0; lap <= LEAST_LAPS || (lap <= MOST_LAPS && spent < SECONDS); lap++) {
    const seconds: number[] = [];
    for (const run of runs) {
      // What is measured computes on this thread, which hears of no Ctrl-C meanwhile.
      await yieldToEvents();
      signal?.throwIfAborted();
      seconds.push(await run());
    }
    if (lap === 0) continue;
    laps.push(seconds);
    spent += seconds.reduce((sum, one) => sum + one, 0);
  }
  return runs.map((_, i) => middle(laps.map((lap) => lap[i]!)));
};

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;
