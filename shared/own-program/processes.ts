import { readFileSync } from "node:fs";
import { namesIn } from "#shared/files/names-in.js";

/** Where Linux shows the environment that each process was started with. */
const PROCESSES = "/proc";

/**
 * Processes whose environment holds `mark`, as `NAME=value`: a program's own and all that it started, also those in sessions of their own, and those
 * whose parent has ended. Only Linux shows environments; elsewhere none is found.
 */
export const processesWith = (mark: string, folder = PROCESSES): readonly number[] => {
  const wanted = Buffer.from(`\0${mark}\0`);
  return namesIn(folder)
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => environmentOf(`${folder}/${name}/environ`).includes(wanted))
    .map(Number);
};

/** Between zeros, so that a variable is found as a whole; nothing for a process that is another user's, or has ended. */
const environmentOf = (path: string): Buffer => {
  try {
    return Buffer.concat([Buffer.from([0]), readFileSync(path), Buffer.from([0])]);
  } catch {
    return Buffer.alloc(0);
  }
};

/** Sends a signal to a process, or with a negative id to a process group; says whether there was one. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
};

/** Rounds in which processes that start others while they are killed are caught. */
const ROUNDS = 20;

/** Kills all processes with a mark; gives how many. */
export const killProcessesWith = (mark: string): number => {
  let killed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const found = processesWith(mark).filter((pid) => sendSignal(pid, "SIGKILL"));
    if (found.length === 0) break;
    killed += found.length;
  }
  return killed;
};
