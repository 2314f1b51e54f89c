import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { compiled } from "../support/compiled.js";

export type Program = "blockzero" | "blockzero-miner" | "blockzero-validator";

const FILES: Readonly<Record<Program, string>> = {
  blockzero: "cli/main.js",
  "blockzero-miner": "miner/main.js",
  "blockzero-validator": "validator/main.js",
};

const DIST = compiled("");

export interface Surroundings {
  /** Folder of compiled modules; this tree's own if not given. */
  readonly dist?: string;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A compiled program as a process of its own, seen through its output. */
export interface Running {
  /** Resolves with the first match in either stream, also of what it said before; rejects when it ends without. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** What it has written to standard error so far. */
  log(): string;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

/** Nothing of the tests' own environment but what any process needs. */
const environment = (extra: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env.PATH ?? "",
  HOME: process.env.HOME ?? "",
  NO_COLOR: "1",
  ...extra,
});

export const start = (program: Program, args: readonly string[], { dist = DIST, cwd, env }: Surroundings): Running => {
  const file = join(dist, FILES[program]);
  const child = spawn(process.execPath, [file, ...args], {
    cwd,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  return watch(child, program);
};

/** Hears what a process says. @param name for messages */
export const watch = (child: ChildProcess, name: string): Running => {
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of [...listeners]) listener();
  };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      tell();
    });
  let isOver = false;
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (status) => {
      isOver = true;
      tell();
      resolve({ status, ...output });
    }),
  );
  return {
    ended,
    log: () => output.stderr,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
          if (!match && !isOver) return;
          listeners.delete(look);
          if (match) resolve(match);
          else reject(new Error(`${name} ended without ${pattern}:\n${output.stdout}${output.stderr}`));
        };
        listeners.add(look);
        look();
      }),
    stop: (signal = "SIGTERM") => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Starts a program that runs until it is stopped, at the latest when the test ends. */
export const startFor = (t: TestContext, ...call: Parameters<typeof start>): Running => {
  const running = start(...call);
  t.after(() => running.stop("SIGKILL"));
  return running;
};

/** Runs a program to its end. */
export const run = (...call: Parameters<typeof start>): Promise<Ended> => start(...call).ended;
