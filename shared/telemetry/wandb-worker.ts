// Runs @wandb/sdk on a thread of its own. The SDK installs signal handlers that end the process, throws from event
// listeners when the server refuses a run, and prints stack traces to the console: here none of it reaches the program.
import { subscribe } from "node:diagnostics_channel";
import { IncomingMessage } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import wandb from "@wandb/sdk";
import { reasonOf } from "../errors.js";
import type { FromWandb, ToWandb, WandbJob } from "./wandb-messages.js";

const run = async (job: WandbJob): Promise<void> => {
  if (parentPort === null) throw new Error("not a worker thread");
  const port = parentPort;
  const send = (message: FromWandb): void => port.postMessage(message);

  // The SDK looks at no status of its file stream, so that an overloaded server would lose metrics without a word.
  subscribe("http.client.response.finish", (event) => {
    const response = typeof event === "object" && event !== null && "response" in event ? event.response : undefined;
    const status = response instanceof IncomingMessage ? (response.statusCode ?? 0) : 0;
    if (status >= 400) send({ type: "refused", status });
  });

  const early: ToWandb[] = [];
  let handle = (message: ToWandb): void => void early.push(message);
  port.on("message", (message: ToWandb) => handle(message));

  try {
    const { apiKey, baseUrl, project, name, config } = job;
    const started = await wandb.init({
      project,
      name,
      config,
      settings: { apiKey, silent: true, baseUrl: baseUrl ?? "https://api.wandb.ai" },
    });
    send({ type: "started", url: started.url() });
    handle = (message) => {
      if (message.type === "log") started.log({ ...message.values });
      else {
        started
          .finish()
          .catch((thrown: unknown) => send({ type: "failed", reason: reasonOf(thrown) }))
          .finally(() => port.close());
      }
    };
    for (const message of early) handle(message);
  } catch (thrown) {
    send({ type: "failed", reason: reasonOf(thrown) });
    port.close();
  }
};

await run(workerData);
