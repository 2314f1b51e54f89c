// Runs @wandb/sdk on a thread of its own. The SDK installs signal handlers that end the process, throws from event
// listeners when the server refuses a run, and prints stack traces to the console: here none of it reaches the program.
import { subscribe } from "node:diagnostics_channel";
import { ClientRequest, IncomingMessage } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import wandb from "@wandb/sdk";
import { reasonOf } from "#shared/errors/error.js";
import type { FromWandb, ToWandb, WandbJob } from "./wandb-messages.js";

/** Longest answer of the service, in bytes: what it says of a run takes some hundred. */
const MAX_ANSWER_BYTES = 64 << 10;
/** Encodings that make no more than a thousand times as much of it. */
const ENCODINGS: ReadonlySet<string> = new Set(["identity", "gzip", "deflate"]);

/** Counts where the parser hands over what came, so that nothing is read that the SDK does not read. */
const endIfLong = (response: IncomingMessage): void => {
  const encoding = response.headers["content-encoding"] ?? "identity";
  if (!ENCODINGS.has(encoding))
    response.destroy(new Error(`the service answers in the encoding ${encoding.slice(0, 20)}`));
  const push = response.push.bind(response);
  let bytes = 0;
  response.push = (chunk, charset) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= MAX_ANSWER_BYTES) return push(chunk, charset);
    response.destroy(new Error(`the service answers with more than ${MAX_ANSWER_BYTES} bytes`));
    return false;
  };
};

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

  // Nor does it look at the length of an answer: one without end would fill the memory of the whole program.
  subscribe("http.client.request.start", (event) => {
    const request = typeof event === "object" && event !== null && "request" in event ? event.request : undefined;
    if (request instanceof ClientRequest) request.prependOnceListener("response", endIfLong);
  });

  const early: ToWandb[] = [];
  let handle = (message: ToWandb): void => void early.push(message);
  port.on("message", (message: ToWandb) => handle(message));

  try {
    const { apiKey, baseUrl, project, entity, name, config } = job;
    const started = await wandb.init({
      project,
      ...(entity !== undefined && { entity }),
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
