import { parentPort, workerData } from "node:worker_threads";
import { EXACT_BATCH, openExactProcessor } from "#shared/kernels/exact-processor.js";
import type { ExactShape } from "#shared/kernels/exact-reference.js";

export interface NetworkThreadData {
  readonly shape: ExactShape;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

const { shape, memory, thread } = workerData as NetworkThreadData;
const { run } = openExactProcessor(shape, memory, thread);

/** Answers, to seconds, how many nonces it has computed meanwhile, of whatever inputs and weights there are. */
parentPort?.on("message", (seconds: number) => {
  const begin = performance.now();
  let nonces = 0;
  while (performance.now() - begin < 1000 * seconds) {
    run(EXACT_BATCH);
    nonces += EXACT_BATCH;
  }
  parentPort?.postMessage(nonces);
});
