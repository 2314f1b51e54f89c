import { Worker } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { SketchStep } from "./sketch-thread.js";

/** Makes sketches on a thread of its own, one after another, so that this one goes on. */
export interface Sketching {
  /**
   * The sketch of an update, as `sketchBeginner` makes it.
   *
   * @param seed the group's evaluation seed
   * @param tensors in the order of their names; one may be overwritten when the next is asked for
   * @throws BlockZeroError SKETCH_FAILED if the thread has ended, and what reading the tensors throws
   */
  sketch(seed: string, tensors: AsyncIterable<Float32Array>): Promise<Float32Array>;
  close(): Promise<unknown>;
}

/** Elements that travel to the thread at a time. */
const PIECE = 1 << 20;

/** Bytes that sketching takes beside a tensor: two pieces, which go to the thread and come back in turns, and the thread itself, some 17 MB. */
export const SKETCHING_BYTES = 2 * 4 * PIECE + 17e6;

interface Waiting {
  resolve(answer: Float32Array | null): void;
  reject(reason: Error): void;
}

export const openSketching = (): Sketching => {
  const worker = new Worker(new URL("./sketch-thread.js", import.meta.url));
  let broken: Error | null = null;
  const spare: ArrayBuffer[] = [];
  // Steps are answered in their order.
  const waiting: Waiting[] = [];
  const breaks = (reason: string) => {
    broken ??= new BlockZeroError(
      "SKETCH_FAILED",
      `the thread that compares updates has ended: ${reason}`,
      "free some memory: the next cycle has a thread of its own",
    );
    for (const { reject } of waiting.splice(0)) reject(broken);
  };
  worker.on("message", (answer: Float32Array | null) => waiting.shift()?.resolve(answer));
  worker.on("error", (error) => breaks(reasonOf(error)));
  worker.on("exit", (code) => breaks(`status ${code}`));

  const ask = (step: SketchStep, moved: readonly ArrayBuffer[] = []): Promise<Float32Array | null> => {
    const answer = new Promise<Float32Array | null>((resolve, reject) => {
      if (broken) return reject(broken);
      waiting.push({ resolve, reject });
      worker.postMessage(step, moved);
    });
    // Whoever stops in the middle hears of none.
    answer.catch(() => {});
    return answer;
  };
  /** Waits for the thread, whose piece is spare then. */
  const ready = async (answer: Promise<Float32Array | null>): Promise<void> => {
    const elements = await answer;
    if (elements) spare.push(elements.buffer as ArrayBuffer);
  };
  return {
    async sketch(seed, tensors) {
      let taken = ask({ kind: "begin", seed });
      for await (const data of tensors)
        for (let from = 0; from < data.length; from += PIECE) {
          const piece = data.subarray(from, from + PIECE);
          const memory = spare.pop() ?? new ArrayBuffer(4 * PIECE);
          const elements = new Float32Array(memory, 0, piece.length);
          elements.set(piece);
          await ready(taken);
          taken = ask({ kind: "add", elements }, [memory]);
        }
      await ready(taken);
      return (await ask({ kind: "end" }))!;
    },
    close: () => worker.terminate(),
  };
};
