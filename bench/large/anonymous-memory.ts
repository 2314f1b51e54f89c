import { Worker } from "node:worker_threads";

/** Peaks of this process's memory while something ran, in bytes. */
export interface MemoryPeaks {
  /** Its own. */
  readonly anonymous: number;
  /** Files that it mapped, as far as they were resident. */
  readonly file: number;
}

const EVERY_MS = 20;

/** Looks from another thread, because a run of a program holds this one. Linux only: elsewhere both are 0. */
const SAMPLER = `
const { parentPort, workerData } = require("node:worker_threads");
const { readFileSync } = require("node:fs");
const peaks = { anonymous: 0, file: 0 };
const look = () => {
  let text = "";
  try { text = readFileSync("/proc/self/status", "utf8"); } catch {}
  const of = (name) => 1024 * Number((new RegExp("^" + name + ":\\\\s+(\\\\d+)", "m").exec(text) ?? [0, 0])[1]);
  peaks.anonymous = Math.max(peaks.anonymous, of("RssAnon"));
  peaks.file = Math.max(peaks.file, of("RssFile"));
};
look();
const before = { ...peaks };
const timer = setInterval(look, workerData.every);
parentPort.once("message", () => { clearInterval(timer); look(); parentPort.postMessage({ before, peaks }); });
`;

/** Runs `work` and gives its result, the memory before it, and the peaks meanwhile. */
export const watchPeaks = async <T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly before: MemoryPeaks; readonly peaks: MemoryPeaks }> => {
  const sampler = new Worker(SAMPLER, { eval: true, workerData: { every: EVERY_MS } });
  try {
    await new Promise((resolve) => sampler.once("online", resolve));
    const result = await work();
    const seen = await new Promise<Record<"before" | "peaks", MemoryPeaks>>((resolve) => {
      sampler.once("message", resolve);
      sampler.postMessage("stop");
    });
    return { result, ...seen };
  } finally {
    await sampler.terminate();
  }
};
