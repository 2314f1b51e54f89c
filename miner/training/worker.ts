import { type ChildProcess, fork } from "node:child_process";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ReplicaStep } from "#shared/shard-training/trainer.js";
import type { Log } from "#shared/telemetry/log.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import type { FromWorker, MeasureJob, ToWorker, WorkerClock, WorkerJob, WorkerTask } from "./worker-messages.js";

/** A replica in a process of its own. */
export interface Worker {
  readonly replica: number;
  readonly pid: number | undefined;
  readonly isAlive: boolean;
  /** @throws BlockZeroError WORKER_DIED, or what the worker's training throws */
  train(job: WorkerJob, clock: WorkerClock, onStep: (step: ReplicaStep) => void): Promise<InnerRun>;
  /** @throws as `train` */
  losses(job: MeasureJob): Promise<readonly number[]>;
  tell(clock: WorkerClock): void;
  close(): Promise<void>;
}

/** A process that does not end within this time when told to is killed. */
const PATIENCE_MS = 20_000;

/**
 * Starts a worker process; resolves once its training step is compiled.
 * @param env what its environment has beyond this process's
 * @throws BlockZeroError WORKER_DIED, or why it could not be opened
 */
export const openWorker = async (task: WorkerTask, log: Log, env: NodeJS.ProcessEnv = {}): Promise<Worker> => {
  const { replica } = task;
  const child = fork(new URL("./worker-process.js", import.meta.url), [], {
    env: { ...process.env, ...env },
    execArgv: ["--enable-source-maps"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let onStep: (step: ReplicaStep) => void = () => undefined;
  const send = (message: ToWorker) => void (child.connected && child.send(message, () => undefined));
  child.on("message", (message: FromWorker) => {
    if (message.type === "log") log[message.level](message.message, { replica, ...message.fields });
    if (message.type === "step") onStep(message.step);
  });

  const ask = async (message: ToWorker): Promise<FromWorker> => {
    const answer = answerOf(child, replica);
    send(message);
    const said = await answer;
    if (said.type === "failed") throw new BlockZeroError(said.code, said.message, said.hint);
    return said;
  };

  const close = async (): Promise<void> => {
    if (!isRunning(child)) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const insist = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    send({ type: "close" });
    await ended;
    clearTimeout(insist);
  };

  try {
    await ask({ type: "open", task });
  } catch (thrown) {
    child.kill("SIGKILL");
    throw thrown;
  }
  return {
    replica,
    pid: child.pid,
    get isAlive() {
      return isRunning(child);
    },
    async train(job, clock, listener) {
      onStep = listener;
      const said = await ask({ type: "train", job, clock });
      if (said.type === "trained") return said.run;
      throw new TypeError(`worker ${replica} answered "${said.type}"`);
    },
    async losses(job) {
      const said = await ask({ type: "measure", job });
      if (said.type === "measured") return said.losses;
      throw new TypeError(`worker ${replica} answered "${said.type}"`);
    },
    tell: (clock) => send({ type: "clock", clock }),
    close,
  };
};

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** The next message that answers a request; rejects when the process ends without. */
const answerOf = (child: ChildProcess, replica: number): Promise<FromWorker> =>
  new Promise((resolve, reject) => {
    const settle = () => {
      child.off("message", hear).off("exit", die).off("error", die);
    };
    const hear = (message: FromWorker) => {
      if (message.type === "log" || message.type === "step") return;
      settle();
      resolve(message);
    };
    const die = (how: unknown, signal?: unknown) => {
      settle();
      const why = how instanceof Error ? how.message : (signal ?? `exit status ${how}`);
      reject(
        new BlockZeroError(
          "WORKER_DIED",
          `worker ${replica} ended: ${why}`,
          "see whether the machine has memory for it",
        ),
      );
    };
    if (!isRunning(child)) return die(child.exitCode, child.signalCode);
    child.on("message", hear).once("exit", die).once("error", die);
  });
