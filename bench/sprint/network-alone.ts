import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { allocateExact, fitsExactProcessor } from "#shared/kernels/exact-processor.js";
import { allocateExactWeights } from "#shared/kernels/exact-products.js";
import { type ExactDials, shapeOf } from "#shared/sprint/exact/dials.js";
import { fasterWay, type Way } from "#shared/sprint/exact/faster-way.js";
import type { SharedNetwork } from "#shared/sprint/exact/processor-thread.js";
import { ownSeconds } from "../machine.js";
import type { NetworkThreadData } from "./network-thread.js";
import type { Turn } from "./peer.js";

/** Our network without inputs and hashes, as the peers compute. */
export interface NetworkAlone {
  readonly way: Way;
  run(seconds: number): Promise<Turn>;
  close(): Promise<void>;
}

export const openNetworkAlone = async (dials: ExactDials, threads: number): Promise<NetworkAlone> => {
  const shape = shapeOf(dials);
  if (!fitsExactProcessor(shape, threads)) throw new TypeError("the kernels do not compute this network here");
  const way = await fasterWay(dials);
  const shared: SharedNetwork =
    way === "kernels" ? { way, memory: allocateExact(shape, threads) } : { way, weights: allocateExactWeights(shape) };
  const workers = Array.from({ length: threads }, (_, thread) => {
    const workerData: NetworkThreadData = { shape, shared, thread };
    return new Worker(new URL("./network-thread.js", import.meta.url), { workerData });
  });
  return {
    way,
    run: async (seconds) => {
      const used = ownSeconds();
      const begin = performance.now();
      const counts = workers.map(async (worker) => {
        worker.postMessage(seconds);
        const [nonces] = await once(worker, "message");
        return Number(nonces);
      });
      const nonces = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
      return { rate: (1000 * nonces) / (performance.now() - begin), processor: nonces / (ownSeconds() - used) };
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
};
