import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { createMergeTensor, type TensorStep } from "./merge-tensor.js";
import type { MergeFault } from "./merge-thread.js";

/** Merges tensors, with the same bits on every thread. */
export interface MergeThreads {
  /** Tensors that are merged at the same time. */
  readonly count: number;
  /**
   * Resolves when the step was taken, in place. With other threads the memory must be shared.
   *
   * @throws BlockZeroError what merging the tensor throws; MERGE_FAILED if the thread has ended
   */
  take(step: TensorStep): Promise<void>;
  close(): Promise<void>;
}

/** More threads would wait for the disk. */
const MOST = 4;

/** As many threads as this machine can use. One core is left for this thread, which reads, hashes and writes. */
export const mergeThreads = (): number => Math.min(availableParallelism() - 1, MOST);

/** On this thread. */
const here = (): MergeThreads => {
  const mergeTensor = createMergeTensor();
  return { count: 1, take: async (step) => mergeTensor(step), close: async () => {} };
};

/** @param count other threads; 0: merges on this thread */
export const openMergeThreads = (count: number): MergeThreads => {
  if (count === 0) return here();
  const threads = Array.from({ length: count }, openThread);
  const idle = [...threads];
  const waiting: ((thread: Thread) => void)[] = [];
  const next = (): Promise<Thread> => {
    const thread = idle.pop();
    return thread ? Promise.resolve(thread) : new Promise((resolve) => waiting.push(resolve));
  };
  return {
    count,
    take: async (step) => {
      const thread = await next();
      try {
        await thread.take(step);
      } finally {
        const first = waiting.shift();
        if (first) first(thread);
        else idle.push(thread);
      }
    },
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
};

interface Thread {
  take(step: TensorStep): Promise<void>;
  close(): Promise<unknown>;
}

const openThread = (): Thread => {
  const worker = new Worker(new URL("./merge-thread.js", import.meta.url));
  let broken: MergeFault | null = null;
  let settle: ((fault: MergeFault | null) => void) | null = null;
  const answer = (fault: MergeFault | null) => {
    settle?.(fault);
    settle = null;
  };
  const breaks = (reason: string) => {
    broken ??= {
      code: "MERGE_FAILED",
      message: `a thread that merges has ended: ${reason}`,
      hint: "free some memory, and merge again",
    };
    answer(broken);
  };
  worker.on("message", answer);
  worker.on("error", (error) => breaks(reasonOf(error)));
  worker.on("exit", (code) => breaks(`status ${code}`));
  return {
    take: async (step) => {
      const fault =
        broken ??
        (await new Promise<MergeFault | null>((resolve) => {
          settle = resolve;
          worker.postMessage(step);
        }));
      if (fault !== null) throw new BlockZeroError(fault.code, fault.message, fault.hint);
    },
    close: () => worker.terminate(),
  };
};
