import { parentPort } from "node:worker_threads";
import { BlockZeroError } from "#shared/errors/error.js";
import { createMergeTensor, type TensorStep } from "./merge-tensor.js";

/** A coded error in transit between threads. Without it, the transfer would turn the error into a plain one. */
export type MergeFault = Pick<BlockZeroError, "code" | "message" | "hint">;

const mergeTensor = createMergeTensor();

const faultOf = (step: TensorStep): MergeFault | null => {
  try {
    mergeTensor(step);
    return null;
  } catch (thrown) {
    // Any other error ends the thread.
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    const { code, message, hint } = thrown;
    return { code, message, hint };
  }
};

/** A thread of `merge-threads.ts`. Takes tensors one by one. Answers null, or the error, when each is done. */
parentPort?.on("message", (step: TensorStep) => {
  parentPort?.postMessage(faultOf(step));
});
