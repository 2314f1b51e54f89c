import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** Milliseconds that they get to end by themselves: they do when the process that started them is gone. */
const PATIENCE_MS = 5_000;
const POLL_MS = 50;

/**
 * Waits until the processes of an earlier localnet in this home are gone, and kills those that stay, such as one that is stopped. Known by
 * `<home>/pids` and by their command line, which names the home: a number may have come to another process. Without a /proc nothing is known.
 *
 * @throws BlockZeroError HOME_IN_USE if one may not be killed
 */
export const endLeftOver = async (
  home: string,
  say: (line: string) => void,
  patienceMs: number = PATIENCE_MS,
): Promise<void> => {
  const until = performance.now() + patienceMs;
  let left = leftOver(home);
  if (left.length > 0)
    say(`the last run in ${home} was killed: waiting for ${left.map(({ name }) => name).join(", ")} to end`);
  while (left.length > 0 && performance.now() < until) {
    await delay(POLL_MS);
    left = leftOver(home);
  }
  for (const { name, pid } of left) {
    say(`${name} (process ${pid}) is killed`);
    kill(name, pid);
  }
  while (leftOver(home).length > 0) await delay(POLL_MS);
};

const kill = (name: string, pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch (cause) {
    throw new BlockZeroError(
      "HOME_IN_USE",
      `${name} (process ${pid}) of the last run cannot be ended: ${reasonOf(cause)}`,
      "end it as the user that started it, or choose another home",
      { cause },
    );
  }
};

interface Left {
  readonly name: string;
  readonly pid: number;
}

const leftOver = (home: string): readonly Left[] =>
  namesIn(join(home, "pids"))
    .map((name) => ({ name, pid: Number.parseInt(readIfAny(join(home, "pids", name)), 10) }))
    .filter(({ pid }) => isOf(pid, home));

/** Whether a process lives that was started with a path in this home. A dead one that nobody has waited for has no command line. */
const isOf = (pid: number, home: string): boolean =>
  pid > 0 &&
  readIfAny(`/proc/${pid}/cmdline`)
    .split("\0")
    .some((argument) => argument.startsWith(join(home, "/")));

const readIfAny = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
