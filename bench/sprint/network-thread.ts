import { parentPort, workerData } from "node:worker_threads";
import { openByteProduct } from "#shared/engine/runtime/onnx-bytes.js";
import { EXACT_BATCH, openExactProcessor } from "#shared/kernels/exact-processor.js";
import { openExactProducts, PRODUCT_BATCH } from "#shared/kernels/exact-products.js";
import type { ExactShape } from "#shared/kernels/exact-reference.js";
import type { SharedNetwork } from "#shared/sprint/exact/processor-thread.js";

export interface NetworkThreadData {
  readonly shape: ExactShape;
  readonly shared: SharedNetwork;
  readonly thread: number;
}

const { shape, shared, thread } = workerData as NetworkThreadData;
const { run } =
  shared.way === "kernels"
    ? openExactProcessor(shape, shared.memory, thread)
    : openExactProducts(shape, shared.weights, await openByteProduct());
const batch = shared.way === "kernels" ? EXACT_BATCH : PRODUCT_BATCH;

/** Answers, to seconds, how many nonces it has computed meanwhile, of whatever inputs and weights there are. */
parentPort?.on("message", async (seconds: number) => {
  const begin = performance.now();
  let nonces = 0;
  while (performance.now() - begin < 1000 * seconds) {
    await run(batch);
    nonces += batch;
  }
  parentPort?.postMessage(nonces);
});
