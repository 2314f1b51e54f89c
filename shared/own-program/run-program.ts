import { spawn } from "node:child_process";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { boundedLines } from "./bounded-lines.js";
import { killProcessesWith, sendSignal } from "./processes.js";

export interface ProgramOptions {
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** All of its environment but the mark. */
  readonly env: Readonly<Record<string, string>>;
  /** A variable whose value no other program's environment has: its processes are found by it. */
  readonly mark: { readonly name: string; readonly value: string };
  /** Bytes of a line that are read; `LINE_BYTES` if not given. */
  readonly lineBytes?: number;
  /** A line of its standard output, and whether it was longer than that. */
  readonly onLine: (line: string, isCut: boolean) => void;
  /** A line of its standard error. */
  readonly onError: (line: string) => void;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it was told to end before it did. */
  readonly wasStopped: boolean;
}

export interface RunningProgram {
  /** Resolves when the program has ended, and all that it had started. Its standard input closes when this process ends. */
  readonly ended: Promise<ProgramEnd>;
  /**
   * Sends SIGTERM to its process group, and SIGKILL to all of its processes that are left after `graceMs`. A second call can only shorten the time.
   * Nothing once it has ended.
   */
  stop(graceMs: number): void;
  /** Writes a line to its standard input. */
  tell(line: string): void;
}

/** How it ended, in words. */
export const statusOf = ({ code, signal }: ProgramEnd): string => signal ?? `exit status ${code}`;

/** Bytes of a line that are read. */
const LINE_BYTES = 4096;

/** Time for the pipes to close after the last process was killed. */
const PIPES_MS = 2_000;

/**
 * Runs an operator's own program in a session and process group of its own.
 *
 * @throws BlockZeroError OWN_PROGRAM_NOT_STARTED
 */
export const runProgram = async (options: ProgramOptions): Promise<RunningProgram> => {
  const [file, ...args] = options.command;
  if (file === undefined || process.platform === "win32")
    throw notStarted(
      options.command,
      file === undefined ? "the command is empty" : "only Linux and macOS are supported",
    );
  const { name, value } = options.mark;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.env, [name]: value },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out = boundedLines(options.lineBytes ?? LINE_BYTES, options.onLine);
  const err = boundedLines(LINE_BYTES, options.onError);
  child.stdout.on("data", out.push).once("end", out.end);
  child.stderr.on("data", err.push).once("end", err.end);
  // A program that does not read its standard input, or has ended.
  child.stdin.on("error", () => undefined);

  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => reject(notStarted(options.command, reasonOf(cause), cause)));
  });
  const group = -child.pid!;
  let wasStopped = false;
  let hasExited = false;
  let killAt = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    sendSignal(group, "SIGKILL");
    killProcessesWith(`${name}=${value}`);
  };

  const ended = new Promise<ProgramEnd>((resolve) => {
    child.once("exit", (code, signal) => {
      const atExit = wasStopped;
      hasExited = true;
      clearTimeout(timer);
      kill();
      // A process that found a way to keep a pipe open must not keep us waiting.
      const insist = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, PIPES_MS);
      child.once("close", () => {
        clearTimeout(insist);
        resolve({ code, signal, wasStopped: atExit });
      });
    });
  });
  return {
    ended,
    stop(graceMs) {
      // All that it had started was killed, so that its group's id may be another's by now.
      if (hasExited) return;
      if (!wasStopped) sendSignal(group, "SIGTERM");
      wasStopped = true;
      const at = performance.now() + graceMs;
      if (at >= killAt) return;
      killAt = at;
      clearTimeout(timer);
      timer = setTimeout(kill, graceMs);
    },
    tell: (line) => void child.stdin.write(`${line}\n`),
  };
};

const notStarted = (command: readonly string[], problem: string, cause?: unknown) =>
  new BlockZeroError(
    "OWN_PROGRAM_NOT_STARTED",
    `cannot run ${JSON.stringify(command)}: ${problem}`,
    "give a list of the program and its arguments, the program with its whole path or one that PATH finds",
    { cause },
  );
