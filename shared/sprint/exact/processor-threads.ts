import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ThreadAnswer, ThreadRequest } from "./processor-thread.js";

/** A thread of a network on the processor. */
export interface Thread {
  /** Requests are answered in their order. @throws BlockZeroError GRAPH_RUN if the thread has ended */
  ask(request: ThreadRequest): Promise<ThreadAnswer>;
  /** Whether a waiting thread keeps the process alive: only one that is in use does. */
  keepAlive(isUsed: boolean): void;
  readonly hasEnded: boolean;
  end(): Promise<unknown>;
}

/** Threads without a network: to start one takes longer than to load a small network, and its code is compiled already. */
const waiting: Thread[] = [];

/** A thread without a network, one that waits before a new one. */
export const takeThread = (): Thread => {
  for (let thread = waiting.pop(); thread; thread = waiting.pop())
    if (!thread.hasEnded) {
      thread.keepAlive(true);
      return thread;
    }
  return startThread();
};

/** Takes a thread's network from it, and keeps the thread for the next one, no more of them than there are cores. */
export const leaveThread = async (thread: Thread): Promise<void> => {
  const isClosed = await thread.ask({ do: "close" }).then(
    () => true,
    () => false,
  );
  if (!isClosed || waiting.length >= availableParallelism()) {
    await thread.end();
    return;
  }
  thread.keepAlive(false);
  waiting.push(thread);
};

const startThread = (): Thread => {
  const worker = new Worker(new URL("./processor-thread.js", import.meta.url));
  const asked: { readonly resolve: (answer: ThreadAnswer) => void; readonly reject: (error: Error) => void }[] = [];
  let broken: BlockZeroError | undefined;
  const breaks = (reason: string) => {
    broken ??= new BlockZeroError(
      "GRAPH_RUN",
      `a thread of a Sprint's network has ended: ${reason}`,
      "free some memory, or use another device",
    );
    for (const { reject } of asked.splice(0)) reject(broken);
  };
  worker.on("message", (answer: ThreadAnswer) => asked.shift()?.resolve(answer));
  worker.on("error", (error) => breaks(reasonOf(error)));
  worker.on("exit", (code) => breaks(`status ${code}`));
  return {
    ask: async (request) => {
      if (broken) throw broken;
      return new Promise((resolve, reject) => {
        asked.push({ resolve, reject });
        worker.postMessage(request);
      });
    },
    keepAlive: (isUsed) => (isUsed ? worker.ref() : worker.unref()),
    get hasEnded() {
      return broken !== undefined;
    },
    end: () => worker.terminate(),
  };
};
