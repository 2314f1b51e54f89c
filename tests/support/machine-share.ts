import { Worker } from "node:worker_threads";

/** Processors that a localnet's times are meant for. */
const PROCESSORS = 2;
const SPIN_MS = 2_000;
/** A machine with less is told to have this. */
const LEAST = 1 / 16;

const SPIN =
  "const end = performance.now() + require('node:worker_threads').workerData; while (performance.now() < end);";

/**
 * How much of two processors this process gets beside what else the machine does, in (0, 1]. Who gives blocks `1 / share` of their time asks of the
 * programs what a machine without other work would.
 */
export const machineShare = async (): Promise<number> => {
  const before = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(
    Array.from(
      { length: PROCESSORS },
      () =>
        new Promise<void>((resolve, reject) => {
          new Worker(SPIN, { eval: true, workerData: SPIN_MS }).once("exit", () => resolve()).once("error", reject);
        }),
    ),
  );
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1000 / (PROCESSORS * (performance.now() - begun));
  return Math.min(1, Math.max(LEAST, share));
};
