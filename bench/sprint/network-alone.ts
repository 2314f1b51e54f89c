import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { allocateExact, fitsExactProcessor } from "#shared/kernels/exact-processor.js";
import { type ExactDials, shapeOf } from "#shared/sprint/exact/dials.js";
import type { NetworkThreadData } from "./network-thread.js";

/** Our kernels without inputs and hashes, as the peers compute. */
export interface NetworkAlone {
  /** Nonces a second over so many seconds. */
  run(seconds: number): Promise<number>;
  close(): Promise<void>;
}

export const openNetworkAlone = (dials: ExactDials, threads: number): NetworkAlone => {
  const shape = shapeOf(dials);
  if (!fitsExactProcessor(shape, threads)) throw new TypeError("the kernels do not compute this network here");
  const memory = allocateExact(shape, threads);
  const workers = Array.from({ length: threads }, (_, thread) => {
    const workerData: NetworkThreadData = { shape, memory, thread };
    return new Worker(new URL("./network-thread.js", import.meta.url), { workerData });
  });
  return {
    run: async (seconds) => {
      const rates = workers.map(async (worker) => {
        worker.postMessage(seconds);
        const [rate] = await once(worker, "message");
        return Number(rate);
      });
      return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
};
