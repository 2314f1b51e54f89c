import type { Contestant } from "./contestant.js";

export interface Growth {
  readonly steps: number;
  /** Resident bytes of this process after the warm-up and after the steps. */
  readonly before: number;
  readonly after: number;
}

const WARM_UP = 20;

/** How much the process grows over many steps. */
export const growth = async (contestant: Contestant, steps: number): Promise<Growth> => {
  await contestant.run(WARM_UP);
  const before = process.memoryUsage.rss();
  await contestant.run(steps);
  return { steps, before, after: process.memoryUsage.rss() };
};
