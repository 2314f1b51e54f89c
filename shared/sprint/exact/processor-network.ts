import { availableParallelism } from "node:os";
import { BlockZeroError } from "#shared/errors/error.js";
import { allocateExact, EXACT_BATCH, fitsExactProcessor } from "#shared/kernels/exact-processor.js";
import { allocateExactWeights, PRODUCT_BATCH } from "#shared/kernels/exact-products.js";
import { type ExactDials, flopsOf, shapeOf } from "./dials.js";
import { fasterWay, type Way } from "./faster-way.js";
import { checkNonce } from "./inputs.js";
import type { Nonces, SharedNetwork, ThreadAnswer, ThreadRequest } from "./processor-thread.js";
import { leaveThread, type Thread, takeThread } from "./processor-threads.js";
import type { LoadOptions, SprintNetwork } from "./sprint-network.js";
import { tensorCount } from "./weights.js";
import { checkDifficulty } from "./win.js";

/** Operations of a thread in a batch, some milliseconds of work: beside them what a message costs is little. */
const REQUEST_FLOPS = 2.5e8;

/** Threads of a larger network end with it: one that waits frees its memory only some time. */
const MOST_KEPT_BYTES = 64 * 2 ** 20;

/** Whether the kernels for processors compute such a network here. @param threads 0 for all */
export const fitsProcessor = (dials: ExactDials, threads: number): boolean =>
  fitsExactProcessor(shapeOf(dials), threadsOf(threads));

/**
 * The network in bytes, on threads of their own: the same outputs as on any device, faster than floats on a processor and with a quarter of
 * the memory. This thread stays free. WebAssembly kernels compute all of it, or what lies between ONNX Runtime's products of bytes.
 *
 * @param options.threads 0 for all
 * @param options.way     if not given, the faster one, which a trial of some 0.1 s finds before the first network of such a size
 * @throws BlockZeroError DEVICE_UNAVAILABLE where `fitsProcessor` says no; KERNEL_MEMORY; GRAPH_RUN when a thread ends; the signal's reason
 */
export const openProcessorNetwork = async (
  options: LoadOptions & { readonly threads: number; readonly way?: Way },
): Promise<SprintNetwork> => {
  const { dials, seed, nice = 0, onTensor, signal } = options;
  const count = threadsOf(options.threads);
  if (!fitsProcessor(dials, count)) {
    throw new BlockZeroError(
      "DEVICE_UNAVAILABLE",
      "the processor's kernels do not compute this network here",
      "use a device of the engine",
    );
  }
  const way = options.way ?? (await fasterWay(dials));
  signal?.throwIfAborted();
  const { shared, bytes, ofRun } = allocate(way, dials, count);
  const threads = Array.from({ length: count }, takeThread);
  // A thread that gave up its priority does not get it back.
  const isKept = bytes <= MOST_KEPT_BYTES && nice === 0;
  const dispose = async () => {
    await Promise.all(threads.map((thread) => (isKept ? leaveThread(thread) : thread.end())));
  };
  try {
    await Promise.all(
      threads.map((one, thread) => one.ask({ do: "open", data: { dials, seed, shared, thread, nice } })),
    );
    const layers = Array.from({ length: dials.layers }, (_, layer) => layer);
    let loaded = 0;
    const loadSome = async (thread: Thread): Promise<void> => {
      for (let layer = layers.shift(); layer !== undefined; layer = layers.shift()) {
        signal?.throwIfAborted();
        await thread.ask({ do: "load", layer });
        for (let tensor = 0; tensor < 3; tensor++) onTensor?.(++loaded, tensorCount(dials));
      }
    };
    await Promise.all(threads.map(loadSome));
    signal?.throwIfAborted();
  } catch (thrown) {
    await dispose();
    throw thrown;
  }

  const runs = Math.max(1, Math.floor(REQUEST_FLOPS / (ofRun * flopsOf(dials))));
  /** A share for each thread that has one, whole batches but for the last. */
  const shares = <T>(total: number, give: (from: number, to: number) => T): readonly T[] => {
    const share = EXACT_BATCH * Math.ceil(total / (EXACT_BATCH * count));
    return Array.from({ length: Math.ceil(total / share) || 0 }, (_, i) =>
      give(i * share, Math.min(total, (i + 1) * share)),
    );
  };
  const askAll = (requests: readonly ThreadRequest[]): Promise<readonly ThreadAnswer[]> =>
    Promise.all(requests.map((request, i) => threads[i]!.ask(request)));
  const winsAmong = async (node: string, parts: readonly Nonces[], difficulty: number): Promise<number[]> => {
    // What is out of range is thrown here: there it would end the thread.
    checkDifficulty(difficulty);
    for (const part of parts) checkNonces(part);
    const answers = await askAll(parts.map((nonces) => ({ do: "search", node, nonces, difficulty })));
    return answers.flatMap(({ wins }) => wins);
  };

  return {
    batch: ofRun * runs * count,
    search: (node, { first, count: total }, difficulty) =>
      winsAmong(
        node,
        shares(total, (from, to) => ({ first: first + from, count: to - from })),
        difficulty,
      ),
    outputs: async (node, nonces) => {
      const parts = shares(nonces.length, (from, to) => nonces.slice(from, to));
      for (const part of parts) checkNonces(part);
      const answers = await askAll(parts.map((part) => ({ do: "compute", node, nonces: part })));
      return answers.flatMap(({ outputs }) =>
        Array.from({ length: outputs.length / dials.width }, (_, i) =>
          outputs.slice(i * dials.width, (i + 1) * dials.width),
        ),
      );
    },
    losers: async (node, nonces, difficulty) => {
      const parts = shares(nonces.length, (from, to) => nonces.slice(from, to));
      const wins = new Set(await winsAmong(node, parts, difficulty));
      return nonces.filter((nonce) => !wins.has(nonce));
    },
    dispose,
  };
};

/** Memory that the threads share, its bytes, and the nonces of a thread's run. */
const allocate = (
  way: Way,
  dials: ExactDials,
  threads: number,
): { readonly shared: SharedNetwork; readonly bytes: number; readonly ofRun: number } => {
  if (way === "kernels") {
    const memory = allocateExact(shapeOf(dials), threads);
    return { shared: { way, memory }, bytes: memory.buffer.byteLength, ofRun: EXACT_BATCH };
  }
  const weights = allocateExactWeights(shapeOf(dials));
  return { shared: { way, weights }, bytes: weights.byteLength, ofRun: PRODUCT_BATCH };
};

const threadsOf = (threads: number): number => (threads === 0 ? availableParallelism() : threads);

const checkNonces = (nonces: Nonces): void => {
  if ("count" in nonces) {
    checkNonce(nonces.first);
    checkNonce(nonces.first + nonces.count - 1);
  } else for (const nonce of nonces) checkNonce(nonce);
};
