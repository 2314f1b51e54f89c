import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

/** Milliseconds that they get to end by themselves: they do when the process that started them is gone. */
const GRACE_MS = 5_000;

/** Milliseconds within which a killed process is gone, unless it hangs in the kernel. */
const KILLED_MS = 5_000;

const POLL_MS = 50;

export interface EndOptions {
  readonly graceMs?: number;
  readonly killedMs?: number;
  /** Ends a process at once. Throws if it may not. */
  readonly kill?: (pid: number) => void;
}

/**
 * Waits until the processes of an earlier localnet in this home are gone, and kills those that stay, such as one that is stopped. Known by
 * `<home>/pids` and by their command line, which names the home: a number may have come to another process. Without a /proc nothing is known.
 *
 * @throws BlockZeroError HOME_IN_USE if one may not be killed, or does not end all the same
 */
export const endLeftOver = async (
  home: string,
  say: (line: string) => void,
  { graceMs = GRACE_MS, killedMs = KILLED_MS, kill = (pid) => void process.kill(pid, "SIGKILL") }: EndOptions = {},
): Promise<void> => {
  let left = leftOver(home);
  if (left.length > 0)
    say(`the last run in ${home} was killed: waiting for ${left.map(({ name }) => name).join(", ")} to end`);
  left = await leftAfter(graceMs, home);
  for (const { name, pid } of left) {
    say(`${name} (process ${pid}) is killed`);
    try {
      kill(pid);
    } catch (cause) {
      throw cannotEnd({ name, pid }, reasonOf(cause), cause);
    }
  }
  const [stays] = await leftAfter(killedMs, home);
  if (stays) throw cannotEnd(stays, "it was killed and is still there");
};

/** The processes that are left once all are gone, or the time is over. */
const leftAfter = async (milliseconds: number, home: string): Promise<readonly Left[]> => {
  const until = performance.now() + milliseconds;
  for (;;) {
    const left = leftOver(home);
    if (left.length === 0 || performance.now() >= until) return left;
    await delay(POLL_MS);
  }
};

const cannotEnd = ({ name, pid }: Left, reason: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(
    "HOME_IN_USE",
    `${name} (process ${pid}) of the last run cannot be ended: ${reason}`,
    "end it as the user that started it, or choose another home",
    { cause },
  );

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
