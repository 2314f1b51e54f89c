import { type ChildProcess, fork } from "node:child_process";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import type { ReplicaStep, TrainOptions } from "../trainer.js";
import type { FromWorker, MeasureJob, ToWorker, WorkerClock, WorkerJob, WorkerTask } from "./worker-messages.js";

/** What a training asks of its program while it lasts. */
export type WorkerTiming = Pick<TrainOptions, "stop" | "signal" | "deadline" | "progress" | "onStep">;

/** A shard's trainer in a process of its own. */
export interface Worker {
  readonly replica: number;
  readonly pid: number | undefined;
  readonly isAlive: boolean;
  /** Has it train for another task, on the same device, in place of the one before. @throws as `openWorker` */
  open(task: WorkerTask): Promise<void>;
  /** @param timing what it is told of again and again while it trains; @throws BlockZeroError WORKER_DIED, or what the worker's training throws */
  train(job: WorkerJob, timing: WorkerTiming): Promise<InnerRun>;
  /** @throws as `train` */
  losses(job: MeasureJob): Promise<readonly number[]>;
  tell(clock: WorkerClock): void;
  close(): Promise<void>;
}

/** How often a worker is told the time. */
const TICK_MS = 200;

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

  const open = async (next: WorkerTask): Promise<void> => void (await ask({ type: "open", task: next }));
  try {
    await open(task);
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
    open,
    async train(job, timing) {
      onStep = (step) => timing.onStep?.(step);
      const ticking = setInterval(() => send({ type: "clock", clock: clockOf(timing) }), TICK_MS);
      try {
        const said = await ask({ type: "train", job, clock: clockOf(timing) });
        if (said.type === "trained") return said.run;
        throw new TypeError(`worker ${replica} answered "${said.type}"`);
      } finally {
        clearInterval(ticking);
      }
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

const clockOf = ({ stop, signal, deadline, progress }: WorkerTiming): WorkerClock => ({
  stop: stop(),
  isOver: signal?.aborted ?? false,
  deadline: deadline?.(),
  progress: progress?.() ?? 0,
});

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
