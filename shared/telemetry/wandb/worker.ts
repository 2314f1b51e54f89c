// Sends a run's journal from a thread of its own: whatever the service does, the program neither waits for it nor ends.
import { parentPort, workerData } from "node:worker_threads";
import { reasonOf } from "#shared/errors/error.js";
import { wandbApi } from "./api.js";
import { WandbFault } from "./fault.js";
import type { FromWandb, ToWandb, WandbJob } from "./messages.js";
import { readRun } from "./run-journal.js";
import { runSender } from "./sender.js";

/** Between two looks for new rows, in milliseconds. */
const EVERY_MS = 5_000;
/** Longest wait after a request that failed. */
const MAX_WAIT_MS = 60_000;

const run = async ({ folder, ...service }: WandbJob): Promise<void> => {
  if (parentPort === null) throw new Error("not a worker thread");
  const port = parentPort;
  const send = (message: FromWandb): void => port.postMessage(message);
  const sender = runSender(wandbApi(service), folder, (reason) => send({ type: "trouble", reason }));

  let isFinishing = false;
  let wake = () => {};
  port.on("message", (_: ToWandb) => {
    isFinishing = true;
    wake();
  });
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      if (isFinishing) return resolve();
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  let isStarted = false;
  for (let failures = 0; ; ) {
    const isLast = isFinishing;
    try {
      if (!isStarted) {
        const { entity, project } = await sender.start();
        isStarted = true;
        const site = service.baseUrl.replace("//api.wandb.", "//wandb.");
        send({ type: "started", url: `${site}/${entity}/${project}/runs/${readRun(folder)?.id}` });
      }
      await sender.flush();
      failures = 0;
      if (isLast) {
        await sender.finish();
        break;
      }
    } catch (thrown) {
      failures++;
      if (thrown instanceof WandbFault && thrown.isFinal) {
        send({ type: "failed", reason: reasonOf(thrown) });
        break;
      }
      send({ type: "trouble", reason: reasonOf(thrown) });
      if (isLast) break;
    }
    await pause(failures === 0 ? EVERY_MS : Math.min(MAX_WAIT_MS, 1000 * 2 ** failures));
  }
  port.close();
};

await run(workerData);
