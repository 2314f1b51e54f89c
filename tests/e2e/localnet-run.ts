import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import type { LocalnetResult } from "#localnet/result.js";
import { compiled } from "#tests/support/compiled.js";

const PROGRAM = compiled("cli/main.js");

/** A localnet started as a user starts it, as a process of its own. */
export interface LocalnetRun {
  readonly home: string;
  readonly child: ChildProcess;
  /** Everything it has said so far. */
  readonly said: () => string;
  /** Of that, what went to standard output: the answer. */
  readonly answered: () => string;
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number | null>;
  /** What `--json` wrote. */
  result(): LocalnetResult;
  /** The logs of its processes, by name. */
  logs(): Readonly<Record<string, string>>;
  /** Process id of one of its processes. */
  pid(name: string): number;
  cleanUp(): void;
}

export const startLocalnet = (...args: readonly string[]): LocalnetRun => launchLocalnet(args);

/** @param env what the processes get beside the environment of this one */
export const launchLocalnet = (args: readonly string[], env: Readonly<Record<string, string>> = {}): LocalnetRun => {
  const parent = mkdtempSync(join(tmpdir(), "blockzero-localnet-"));
  const home = join(parent, "home");
  const json = join(parent, "result.json");
  const child = spawn(process.execPath, [PROGRAM, "localnet", "--home", home, "--json", json, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let said = "";
  let answered = "";
  child.stdout.on("data", (data) => {
    said += data;
    answered += data;
  });
  child.stderr.on("data", (data) => (said += data));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return {
    home,
    child,
    said: () => said,
    answered: () => answered,
    ended,
    result: () => JSON.parse(readFileSync(json, "utf8")) as LocalnetResult,
    logs: () =>
      Object.fromEntries(
        readdirSync(join(home, "logs")).map((file) => [
          parse(file).name,
          readFileSync(join(home, "logs", file), "utf8"),
        ]),
      ),
    pid: (name) => Number(readFileSync(join(home, "pids", name), "utf8")),
    cleanUp: () => {
      child.kill("SIGKILL");
      rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
};

/** Whether a process of that id exists. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The names under `<home>/pids`, in the localnet's order of starting. */
export const PROCESSES = [
  "devchain",
  "validator-1",
  "validator-2",
  "prose-1",
  "prose-2",
  "math-1",
  "math-2",
  "cheater",
] as const;
