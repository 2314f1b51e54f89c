import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Sample } from "./growth.js";

/** How long to let allocators and the JavaScript heap find their size, how long to watch, and how often to look. */
export interface Watch {
  readonly warmUp: number;
  readonly steps: number;
  readonly every: number;
}

/** Takes steps and looks at resident memory now and then, after what waits to be collected has been. */
export const watchMemory = async (
  step: () => Promise<unknown>,
  { warmUp, steps, every }: Watch,
): Promise<readonly Sample[]> => {
  for (let taken = 0; taken < warmUp; taken++) await step();
  const samples: Sample[] = [];
  for (let taken = 1; taken <= steps; taken++) {
    await step();
    if (taken % every === 0) samples.push({ steps: taken, bytes: held() });
  }
  return samples;
};

/** Resident memory of this process without what waits to be collected. */
const held = (): number => {
  collect();
  return process.memoryUsage.rss();
};

setFlagsFromString("--expose-gc");
/** Collects garbage now. */
export const collect: () => void = runInNewContext("gc");
