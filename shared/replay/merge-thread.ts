import { parentPort } from "node:worker_threads";
import { reasonOf } from "#shared/errors.js";
import { createMergeTensor, type TensorStep } from "./merge-tensor.js";

const mergeTensor = createMergeTensor();

/** A thread of `merge-threads.ts`: takes tensors one by one, and says null, or what was wrong, when each is done. */
parentPort?.on("message", (step: TensorStep) => {
  let problem: string | null = null;
  try {
    mergeTensor(step);
  } catch (thrown) {
    problem = reasonOf(thrown);
  }
  parentPort?.postMessage(problem);
});
