import { Worker } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { allowsPrivateAddresses } from "#shared/util/public-address.js";
import type { Log } from "../log.js";
import type { MetricsSink } from "../metrics.js";
import { watchOutage } from "../outage.js";
import { redactFields, redactText } from "../redact.js";
import { wandbVariable } from "./environment.js";
import type { FromWandb, ToWandb, WandbJob } from "./messages.js";
import { openRun, type RunDescription } from "./run-journal.js";

export interface WandbOptions extends RunDescription {
  /** Folder of the run's journal, one a hotkey. */
  readonly folder: string;
  readonly log: Log;
  /** Nothing is sent; `blockzero wandb sync` does it later. */
  readonly isOffline?: boolean;
  /**
   * WANDB_API_KEY, WANDB_BASE_URL for a server of one's own, and BLOCKZERO_ALLOW_PRIVATE_ADDRESSES where that one keeps files on a private network.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Longest wait for the last values to arrive, in milliseconds. */
  readonly closeWithinMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A thread has a heap of its own, which grows as far as it may. What is sent at once is bounded; the rest of it is garbage. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64, stackSizeMb: 1 };

/** Different complaints that are passed on. */
const MAX_WARNINGS = 20;

/**
 * Writes metrics to a run's journal on disk, which a worker thread sends to Weights & Biases. What an outage, a crash or the end of the
 * program kept back is sent later, also after a restart, to the same run. The program neither waits for the service nor fails with it.
 *
 * @throws BlockZeroError WANDB_API_KEY_MISSING, METRICS_UNWRITABLE, before anything starts
 */
export const wandbMetrics = (options: WandbOptions): MetricsSink => {
  const { folder, log, isOffline = false, env = process.env, closeWithinMs = 15_000, now = Date.now } = options;
  const service = isOffline ? null : serviceFrom(env);
  const journal = open(options, env);
  const worker = service && startWorker({ ...service, folder }, log, closeWithinMs);

  const outage = watchOutage("metrics for Weights & Biases", { folder }, log);
  let isOpen = true;
  const append = (row: object) => {
    if (!isOpen) return;
    outage.attempt(() => journal.append({ ...row, _timestamp: now() / 1000 }));
  };
  let closing: Promise<void> | undefined;
  return {
    write: append,
    table: (name, table, values) => append({ ...values, [name]: table }),
    close() {
      closing ??= (async () => {
        if (isOpen) journal.close();
        isOpen = false;
        await worker?.finish();
      })();
      return closing;
    },
  };
};

/** Where the service is, and the key. @throws BlockZeroError WANDB_API_KEY_MISSING */
export const serviceFrom = (env: Readonly<Record<string, string | undefined>>): Omit<WandbJob, "folder"> => {
  const apiKey = wandbVariable(env, "WANDB_API_KEY");
  if (apiKey === undefined)
    throw new BlockZeroError(
      "WANDB_API_KEY_MISSING",
      "wandb is on, but WANDB_API_KEY is not set",
      "put the key from https://wandb.ai/authorize into the environment or .env, or set wandb: false",
    );
  return {
    apiKey,
    baseUrl: (wandbVariable(env, "WANDB_BASE_URL") ?? "https://api.wandb.ai").replace(/\/+$/, ""),
    allowPrivateAddresses: allowsPrivateAddresses(env),
  };
};

const open = (options: WandbOptions, env: Readonly<Record<string, string | undefined>>) => {
  const { folder, project, entity, name, group, jobType, tags, notes, config } = options;
  const description = { project, entity, name, group, jobType, tags, notes, config: redactFields(config) };
  const id = wandbVariable(env, "WANDB_RUN_ID")
    ?.replace(/[^\w-]/g, "-")
    .slice(0, 64);
  try {
    return openRun(folder, description, id);
  } catch (thrown) {
    throw new BlockZeroError(
      "METRICS_UNWRITABLE",
      `cannot write to ${folder}: ${reasonOf(thrown)}`,
      "name a folder that this user may write to",
      { cause: thrown },
    );
  }
};

const startWorker = (job: WandbJob, log: Log, closeWithinMs: number) => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: job,
    stdout: true,
    stderr: true,
    env: {},
    resourceLimits: WORKER_LIMITS,
  });
  worker.unref();
  let isLost = false;
  const lose = (reason: string): void => {
    if (isLost) return;
    isLost = true;
    log.warn("Weights & Biases takes no more metrics", { reason: redactText(reason) });
  };
  const warned = new Set<string>();
  const complain = (reason: string): void => {
    if (warned.has(reason) || warned.size >= MAX_WARNINGS) return;
    warned.add(reason);
    log.warn("Weights & Biases does not answer as it should", { reason: redactText(reason) });
  };
  worker.on("message", (message: FromWandb) => {
    if (message.type === "failed") lose(message.reason);
    else if (message.type === "trouble") complain(message.reason);
    else log.info("metrics go to Weights & Biases", { url: redactText(message.url) });
  });
  worker.stdout.resume();
  worker.stderr.resume();
  worker.on("error", (thrown: unknown) => lose(reasonOf(thrown)));
  const ended = new Promise<"ended">((resolve) => worker.once("exit", () => resolve("ended")));
  let isClosing = false;
  void ended.then(() => isClosing || lose("its worker ended"));
  return {
    async finish(): Promise<void> {
      isClosing = true;
      if (!isLost) {
        worker.ref();
        worker.postMessage({ type: "finish" } satisfies ToWandb);
        if ((await Promise.race([ended, after(closeWithinMs)])) === "late")
          log.warn("Weights & Biases did not take the last metrics in time; they are sent at the next start", {
            waited_ms: closeWithinMs,
          });
      }
      await worker.terminate();
    },
  };
};

const after = (milliseconds: number): Promise<"late"> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, "late").unref());
