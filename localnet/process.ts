import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ENVIRONMENT_NAMES } from "#shared/config/environment-names.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";

export interface ProcessSpec {
  readonly name: string;
  /** Compiled program under dist/, e.g. `miner/main.js`. */
  readonly program: string;
  /** Called at every start. */
  readonly args: () => readonly string[];
  /** Standard output and error, appended. */
  readonly logFile: string;
  /** Runs at a lower priority where processors are few. One step only: with more, other programs on the machine would starve it. */
  readonly isPatient?: boolean;
}

/** A child process that is restarted when it dies unexpectedly. */
export interface Supervised {
  readonly name: string;
  readonly pid: number | undefined;
  readonly restarts: number;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, then kills it if it does not stop. */
  stop(): Promise<void>;
}

export interface Supervision {
  /** After an abort, deaths are expected: Ctrl-C reaches every process of the terminal at once. */
  readonly signal: AbortSignal;
  /** Holds the process id, for anybody who wants to kill the process. */
  readonly pidFile: string;
  /** Called for every unexpected death. */
  readonly onDeath: (name: string, how: string) => void;
  /** Called once when a restart is pointless. */
  readonly onFatal: (error: BlockZeroError) => void;
}

/** Settings of the environment and of `.env` are for programs that are run by hand: a participant has its own file. An empty one counts as unset. */
const NO_SETTINGS = Object.fromEntries(ENVIRONMENT_NAMES.map((name) => [name, ""]));

/** A process that dies this often in a row, each time shortly after its start, is not started again. */
const QUICK_DEATHS = 3;
const QUICK_MS = 2_000;
const PATIENCE_MS = 4_000;
const LOWEST_PRIORITY = 19;
/** Delay before a restart, so that a program that dies at once is not restarted in a tight loop. */
const RESTART_DELAY_MS = 300;

/** Starts a program of BlockZero as a child process and keeps it running until `stop`. */
export const supervise = (
  spec: ProcessSpec,
  { signal: stopped, pidFile, onDeath, onFatal }: Supervision,
): Supervised => {
  let child: ChildProcess;
  let restarts = 0;
  let quickDeaths = 0;
  let stopping = false;
  let exited: Promise<unknown>;

  const start = () => {
    ensureFolderSync(dirname(spec.logFile));
    const output = openSync(spec.logFile, "a");
    const started = performance.now();
    child = fork(programPath(spec.program), [...spec.args()], {
      stdio: ["ignore", output, output, "ipc"],
      execArgv: ["--enable-source-maps"],
      env: { ...process.env, ...NO_SETTINGS },
    });
    closeSync(output);
    if (spec.isPatient && child.pid !== undefined) setPriority(child.pid, Math.min(getPriority() + 1, LOWEST_PRIORITY));
    writeFileAtomic(pidFile, `${child.pid}\n`);
    exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        resolve(undefined);
        quickDeaths = signal === null && performance.now() - started < QUICK_MS ? quickDeaths + 1 : 0;
        if (!stopping) void died(code, signal);
      });
    });
  };

  const died = async (code: number | null, signal: NodeJS.Signals | null) => {
    await delay(RESTART_DELAY_MS);
    if (stopping || stopped.aborted) return;
    if (quickDeaths >= QUICK_DEATHS) {
      const said = lastLine(spec.logFile);
      onFatal(new BlockZeroError("CHILD_FAILED", `${spec.name} cannot run: ${said}`, `read ${spec.logFile}`));
      return;
    }
    restarts++;
    onDeath(spec.name, signal ?? `exit status ${code}`);
    start();
  };

  start();
  return {
    name: spec.name,
    get pid() {
      return child.pid;
    },
    get restarts() {
      return restarts;
    },
    kill: (signal) => void child.kill(signal),
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const insist = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
      await exited;
      clearTimeout(insist);
    },
  };
};

const programPath = (program: string): string => fileURLToPath(new URL(`../${program}`, import.meta.url));

const lastLine = (file: string): string => readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "";
