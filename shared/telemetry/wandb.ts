import { Worker } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "./log.js";
import type { MetricsSink, MetricValues } from "./metrics.js";
import { redactFields, redactText } from "./redact.js";
import { wandbVariable } from "./wandb-environment.js";
import type { FromWandb, ToWandb, WandbJob } from "./wandb-messages.js";

export interface WandbOptions {
  readonly project: string;
  /** The team or user that the project is of; the key's own where it is not given. */
  readonly entity?: string | undefined;
  /** The run's name on the site. */
  readonly name: string;
  /** Shown beside the run; what a secret's name points to is redacted. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly log: Log;
  /** WANDB_API_KEY, and WANDB_BASE_URL for a server of one's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Longest wait for the last values to arrive, in milliseconds. */
  readonly closeWithinMs?: number;
}

/**
 * Sends metrics to Weights & Biases through its own SDK, on a worker thread. An outage is a logged warning: the program
 * neither waits for the service nor fails with it.
 *
 * @throws BlockZeroError WANDB_API_KEY_MISSING, before anything starts
 */
export const wandbMetrics = (options: WandbOptions): MetricsSink => {
  const { project, entity, name, config, log, env = process.env, closeWithinMs = 15_000 } = options;
  const job: WandbJob = {
    apiKey: requireKey(wandbVariable(env, "WANDB_API_KEY")),
    baseUrl: wandbVariable(env, "WANDB_BASE_URL")?.replace(/\/+$/, ""),
    project,
    entity,
    name,
    config: redactFields(config),
  };

  const worker = new Worker(new URL("./wandb-worker.js", import.meta.url), {
    workerData: job,
    stdout: true,
    stderr: true,
    env: {},
  });
  worker.unref();

  let state: "starting" | "running" | "lost" = "starting";
  let closing: Promise<void> | undefined;
  let waiting = 0;
  const lose = (reason: string): void => {
    if (state === "lost") return;
    state = "lost";
    log.warn("Weights & Biases takes no more metrics", { reason: redactText(reason) });
  };

  const warned = new Set<string>();
  const complain = (reason: string): void => {
    if (reason === "" || warned.has(reason) || warned.size >= MAX_WARNINGS) return;
    warned.add(reason);
    log.warn("Weights & Biases does not answer as it should", { reason: redactText(reason) });
  };

  worker.on("message", (message: FromWandb) => {
    if (message.type === "failed") return lose(message.reason);
    if (message.type === "refused") return complain(`HTTP status ${message.status}`);
    if (state === "starting") state = "running";
    log.info("metrics go to Weights & Biases", { url: redactText(message.url) });
  });
  worker.stderr.setEncoding("utf8").on("data", (text: string) => complain(firstLine(text)));
  worker.on("error", (thrown: unknown) => lose(reasonOf(thrown)));
  const ended = new Promise<"ended">((resolve) => worker.once("exit", () => resolve("ended")));
  void ended.then(() => closing ?? lose("its worker ended"));

  worker.stdout.resume();

  const post = (message: ToWandb): void => worker.postMessage(message);
  const finish = async (): Promise<void> => {
    if (state !== "lost") {
      worker.ref();
      post({ type: "finish" });
      if ((await Promise.race([ended, after(closeWithinMs)])) === "late") {
        log.warn("Weights & Biases did not take the last metrics in time", { waited_ms: closeWithinMs });
      }
    }
    await worker.terminate();
  };
  return {
    write(values: MetricValues) {
      if (state === "lost" || closing !== undefined) return;
      if (state === "starting" && ++waiting > MAX_WAITING) return lose("the run could not be started in time");
      post({ type: "log", values });
    },
    close() {
      closing ??= finish();
      return closing;
    },
  };
};

/** Writes that wait for the run to start; above it the run is given up, so that an outage cannot fill the memory. */
const MAX_WAITING = 10_000;
/** Different complaints of the SDK that are passed on. */
const MAX_WARNINGS = 20;
const MAX_REASON = 200;

const requireKey = (key: string | undefined): string => {
  if (key !== undefined) return key;
  throw new BlockZeroError(
    "WANDB_API_KEY_MISSING",
    "wandb is on, but WANDB_API_KEY is not set",
    "put the key from https://wandb.ai/authorize into the environment or .env, or set wandb: false",
  );
};

const after = (milliseconds: number): Promise<"late"> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, "late").unref());

const firstLine = (text: string): string => (text.trim().split("\n", 1)[0] ?? "").trim().slice(0, MAX_REASON);
