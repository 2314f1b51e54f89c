import { openWorker, type Worker } from "#shared/shard-training/worker/worker.js";
import type { WorkerTask } from "#shared/shard-training/worker/worker-messages.js";
import type { Log } from "#shared/telemetry/log.js";

/** The process of a cycle's trainings, which has one task after another: to start one takes longer than many a step. */
export interface WitnessProcess {
  /** Starts it where there is none. @throws as `openWorker` */
  open(task: WorkerTask): Promise<Worker>;
  close(): Promise<void>;
}

export const witnessProcess = (log: Log): WitnessProcess => {
  let worker: Worker | undefined;
  return {
    async open(task) {
      if (worker?.isAlive) await worker.open(task);
      else worker = await openWorker(task, log);
      return worker;
    },
    close: async () => worker?.close(),
  };
};
