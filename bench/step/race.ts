import { median } from "../median.js";
import type { Contestant } from "./contestant.js";

export interface Result {
  readonly name: string;
  /** Milliseconds a step, the warm-up left out. */
  readonly median: number;
  readonly fastest: number;
  readonly losses: readonly number[];
}

/** Steps a contestant takes before the next one does, and steps that are not timed. */
const TURN = 2;
const WARM_UP = 4;

/** Lets all take the same steps in turns, so that what else the machine does falls on every one alike. */
export const race = async (contestants: readonly Contestant[], steps: number): Promise<readonly Result[]> => {
  const runs = contestants.map(({ name }) => ({ name, seconds: [] as number[], losses: [] as number[] }));
  for (let taken = 0; taken < steps; taken += TURN) {
    for (const [i, contestant] of contestants.entries()) {
      const { seconds, losses } = await contestant.run(TURN);
      runs[i]!.seconds.push(...seconds);
      runs[i]!.losses.push(...losses);
    }
  }
  return runs.map(({ name, seconds, losses }) => {
    const timed = seconds.slice(WARM_UP).map((second) => 1000 * second);
    return { name, median: median(timed), fastest: Math.min(...timed), losses };
  });
};

/** Largest relative difference of two loss curves. */
export const curveDifference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((loss, step) => Math.abs(loss - b[step]!) / Math.abs(b[step]!)));
