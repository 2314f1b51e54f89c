import { parentPort } from "node:worker_threads";
import { BlockZeroError } from "#shared/errors/error.js";
import { createMergeTensor, type TensorStep } from "./merge-tensor.js";

/** A coded fault on its way from one thread to another, which would make a plain error of it. */
export type MergeFault = Pick<BlockZeroError, "code" | "message" | "hint">;

const mergeTensor = createMergeTensor();

const faultOf = (step: TensorStep): MergeFault | null => {
  try {
    mergeTensor(step);
    return null;
  } catch (thrown) {
    // Anything else ends the thread.
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    const { code, message, hint } = thrown;
    return { code, message, hint };
  }
};

/** A thread of `merge-threads.ts`: takes tensors one by one, and says null, or what was wrong, when each is done. */
parentPort?.on("message", (step: TensorStep) => {
  parentPort?.postMessage(faultOf(step));
});
